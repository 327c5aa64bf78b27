// The configuration keys that upstream may not touch (they would move the station away from Busbar) and those that Busbar keeps for
// upstream without the station ever hearing of them.

import type { Payload } from '../ocpp/rpc/frames.ts';

/** OCPP 1.6 §5.3, CiString500Type: the longest value of a key. */
export const MAX_VALUE_CHARACTERS = 500;

const GUARDED_NAMES = new Set([
  'authorizationkey',
  'basicauthpassword',
  'securityprofile',
  'networkconfigurationpriority',
  'setnetworkprofile',
]);
const GUARDED_PATTERNS = [
  // CentralSystemUrl, OcppServerAddress, BackendHost, CsmsEndpoint, WebSocketURI …
  /(central|csms|cpms|ocpp|server|backend|backoffice|websocket|management).*(url|uri|addr|endpoint|host|domain|(ip|port|path)$)/,
  /^(url|uri|endpoint|host|hostname|server|centralsystem|backend)$/,
  // ChargePointId, ChargeBoxIdentity, OcppId …
  /^(chargepoint|chargebox|chargingstation|station|charger|ocpp|cp|cb)?(id|identity|identifier)$/,
  // ConfigKeys that name an APN or proxy take the station off the site's network.
  /^(apn|proxy).*|.*(proxyaddress|proxyhost|proxyurl)$/,
];

/** Integers in text, and lists in text: the two forms that the kept keys take. */
const KEPT_KEYS: ReadonlyMap<string, RegExp> = new Map([
  ['HeartbeatInterval', /^[0-9]{1,9}$/],
  ['MeterValueSampleInterval', /^[0-9]{1,9}$/],
  ['ClockAlignedDataInterval', /^[0-9]{1,9}$/],
  ['WebSocketPingInterval', /^[0-9]{1,9}$/],
  ['MessageTimeout', /^[0-9]{1,9}$/],
  ['TransactionMessageAttempts', /^[0-9]{1,9}$/],
  ['TransactionMessageRetryInterval', /^[0-9]{1,9}$/],
  ['MeterValuesSampledData', /^[A-Za-z0-9.,\- ]{0,500}$/],
  ['MeterValuesAlignedData', /^[A-Za-z0-9.,\- ]{0,500}$/],
]);
const KEPT_BY_LOWER_CASE = new Map([...KEPT_KEYS.keys()].map((key) => [key.toLowerCase(), key]));

export type KeyKind = 'guarded' | 'kept' | 'station';

/** Whose a key is. Case and punctuation do not count: a lenient station may ignore them, too. */
export function kindOfKey(key: string): KeyKind {
  const plain = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (GUARDED_NAMES.has(plain) || GUARDED_PATTERNS.some((pattern) => pattern.test(plain))) return 'guarded';
  return KEPT_BY_LOWER_CASE.has(plain) ? 'kept' : 'station';
}

/** The values that upstream has set for the keys that Busbar keeps, by the key's own spelling. */
export type KeptValues = { readonly [key: string]: string };

/** Upstream's values with one more; `undefined` when the value does not fit the key. `key` MUST be a kept one. */
export function keepValue(kept: KeptValues, key: string, value: unknown): KeptValues | undefined {
  const name = KEPT_BY_LOWER_CASE.get(key.toLowerCase().replace(/[^a-z0-9]/g, ''));
  if (name === undefined || typeof value !== 'string' || value.length > MAX_VALUE_CHARACTERS) return undefined;
  return KEPT_KEYS.get(name)!.test(value) ? { ...kept, [name]: value } : undefined;
}

/**
 * The station's GetConfiguration.conf as upstream is to see it: kept values stand in for the station's own, and are added where
 * upstream asked for them (`asked` empty: for all) and the station did not tell them.
 */
export function withKeptValues(answer: Payload, kept: KeptValues, asked: readonly string[]): Payload {
  const told = listOf(answer.configurationKey);
  const replaced = told.map((entry) => {
    const value = keptValue(kept, entry.key);
    return value === undefined ? entry : { ...entry, readonly: false, value };
  });
  const missing = Object.entries(kept)
    .filter(([key]) => asked.length === 0 || asked.includes(key))
    .filter(([key]) => !told.some((entry) => entry.key === key))
    .map(([key, value]) => ({ key, readonly: false, value }));
  const unknown = Array.isArray(answer.unknownKey)
    ? answer.unknownKey.filter((key) => keptValue(kept, key) === undefined)
    : [];
  const { unknownKey: _replaced, ...rest } = answer;
  return {
    ...rest,
    configurationKey: [...replaced, ...missing],
    ...(unknown.length > 0 ? { unknownKey: unknown } : {}),
  };
}

const keptValue = (kept: KeptValues, key: unknown) =>
  typeof key === 'string' && Object.hasOwn(kept, key) ? kept[key] : undefined;

function listOf(value: unknown): readonly Payload[] {
  return Array.isArray(value) ? value.filter((one): one is Payload => typeof one === 'object' && one !== null) : [];
}
