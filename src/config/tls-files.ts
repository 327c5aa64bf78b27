// Reads the PEM files that a site names, and tells what is wrong with them or will be soon; it hands out nothing of what is in them.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { StationsTls } from '../core/model/site.ts';
import type { WallTime } from '../core/model/units.ts';
import { describePath, type Fault, valueAt } from './fault.ts';
import type { Note } from './note.ts';

/** A chain of certificates has some thousand characters each. */
export const MAX_PEM_FILE_BYTES = 1_000_000;
/** What ends sooner is told: time enough to have a certificate signed. */
export const SOON_MS = 30 * 86_400_000;

const TLS_PATH = ['listen', 'stations', 'tls'] as const;
const ABOUT = 'listen.stations.tls';
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

type Place = { readonly file: string; readonly raw: unknown };

/** Faults of the files that `tls` names; `place` is the site file, for the paths in it. Never throws. */
export function checkTlsFiles(tls: StationsTls, place: Place): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (field: keyof StationsTls, expected: string) => {
    const path = [...TLS_PATH, field];
    faults.push({ file: place.file, path: describePath(path), value: valueAt(place.raw, path), expected });
  };
  const read = <T>(field: keyof StationsTls, parse: (text: string) => T, expected: string): T | undefined => {
    const path = tls[field];
    if (path === undefined) return undefined;
    const text = readPem(path);
    if (!text.ok) {
      add(field, `a file that can be read at ${path} (${text.why})`);
      return undefined;
    }
    try {
      return parse(text.text);
    } catch {
      // The library's words may quote the file; ours say what belongs there.
      add(field, expected);
      return undefined;
    }
  };
  const chain = read(
    'certificateFile',
    parseCertificates,
    "a PEM file with the controller's own certificate first and its issuers after it",
  );
  const key = read(
    'keyFile',
    (text): KeyObject => createPrivateKey(text),
    'a PEM file with a private key that needs no passphrase',
  );
  read('clientCaFile', parseCertificates, "a PEM file with the certificates of the stations' authorities");
  const own = chain?.[0];
  if (own && key && !own.checkPrivateKey(key))
    add('keyFile', `the private key of the certificate in certificateFile, ${oneLine(own.subject)}`);
  return faults;
}

/** What a person should know about files that are in order; what depends on today only where `wallNow` tells which day it is. */
export function noteTlsFiles(tls: StationsTls, wallNow: WallTime | undefined): readonly Note[] {
  const notes: Note[] = [];
  const add = (text: string) => notes.push({ about: ABOUT, text });
  const fields = ['certificateFile', 'clientCaFile'] as const;
  for (const field of wallNow === undefined ? [] : fields) {
    const path = tls[field];
    const text = path === undefined ? undefined : readPem(path);
    if (!text?.ok) continue;
    for (const certificate of parseCertificates(text.text)) {
      const when = dateTrouble(certificate, wallNow!);
      if (when !== undefined) add(`${field}: the certificate of ${oneLine(certificate.subject)} ${when}`);
    }
  }
  if (isOpenToOthers(tls.keyFile)) add('keyFile: other users of this machine can read the private key; chmod 600 it.');
  return notes;
}

function dateTrouble({ validFrom, validTo }: X509Certificate, wallNow: WallTime): string | undefined {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (to <= wallNow)
    return `expired on ${day(to)}: stations that check it will not connect; put a new one in its place.`;
  if (from > wallNow) return `is not valid before ${day(from)}: stations that check it will not connect until then.`;
  if (to - wallNow < SOON_MS) return `expires on ${day(to)}: have the next one signed.`;
  return undefined;
}

function readPem(
  path: string,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string } {
  try {
    const { size } = statSync(path);
    if (size > MAX_PEM_FILE_BYTES) return { ok: false, why: `${size} bytes are more than ${MAX_PEM_FILE_BYTES}` };
    return { ok: true, text: readFileSync(path, 'utf8') };
  } catch (error) {
    // A missing file is the person's slip, told like every other one.
    return { ok: false, why: error instanceof Error && 'code' in error ? String(error.code) : 'unreadable' };
  }
}

/** Every certificate in the text, at least one. Throws where there is none, or one that is none. */
function parseCertificates(text: string): readonly X509Certificate[] {
  const found = [...text.matchAll(PEM_CERTIFICATE)].map(([pem]) => new X509Certificate(pem));
  if (found.length === 0) throw new Error('no certificate');
  return found;
}

function isOpenToOthers(path: string): boolean {
  // Windows has no such bits.
  if (process.platform === 'win32') return false;
  try {
    return (statSync(path).mode & 0o007) !== 0;
  } catch {
    // A file that has gone is told as a fault, not here.
    return false;
  }
}

function oneLine(subject: string): string {
  return subject.replace(/[\r\n]+/g, ', ').slice(0, 120);
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
