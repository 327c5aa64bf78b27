// Who may call: loopback under a loopback name, or the holder of the token; it must never fall open (law 9).

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What a request shows of its caller. */
export type Caller = { readonly remoteAddress: string | undefined; readonly headers: IncomingHttpHeaders };

export type Access =
  | { readonly kind: 'granted'; readonly who: string }
  | { readonly kind: 'denied'; readonly expected: string };

// A page on another site can resolve its own name to 127.0.0.1 (DNS rebinding); it cannot change the Host header.
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const LOOPBACK_ADDRESS = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/i;
// A proxy on this machine speaks for somebody beyond it.
const FORWARDED_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

/** Decides whether a request is heard at all. An empty `token` is held by nobody. */
export function checkAccess(caller: Caller, token: string): Access {
  if (isLocal(caller)) return { kind: 'granted', who: 'this machine' };
  const given = /^Bearer +(\S+)$/i.exec(caller.headers.authorization ?? '')?.[1];
  if (token !== '' && given !== undefined && isSame(given, token))
    return { kind: 'granted', who: `token holder at ${caller.remoteAddress ?? 'an unknown address'}` };
  return {
    kind: 'denied',
    expected: 'the header "Authorization: Bearer <token>", or a call from this machine to localhost',
  };
}

/** True when the caller sits on this machine and called it by a loopback name, with no proxy between. */
export function isLocal({ remoteAddress, headers }: Caller): boolean {
  return (
    LOOPBACK_ADDRESS.test(remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    FORWARDED_HEADERS.every((name) => headers[name] === undefined)
  );
}

/** True when a write does not come from another site's page: no Origin at all (not a browser), or our own. */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  if (headers.origin === undefined) return true;
  if (!/^https?:\/\//i.test(headers.origin) || !URL.canParse(headers.origin)) return false;
  return new URL(headers.origin).host === (headers.host ?? '').toLowerCase();
}

function isSame(given: string, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}
