// What upstream believes to be installed on one station: its charging profiles, answered for as a conformant OCPP 1.6 station would;
// they are bounds for the allocation and must never reach the charger.

import type { ChargingProfile, InstalledProfile } from '../core/model/charging-profile.ts';
import type { Payload, RpcErrorCode } from '../ocpp/rpc/frames.ts';
import { readSetChargingProfile } from '../ocpp/rpc/profile-v16.ts';
import type { IdMapping } from './id-mapping.ts';

/** What the virtual station can hold; one more is Rejected, as OCPP 1.6's MaxChargingProfilesInstalled has it. */
export const MAX_PROFILES = 64;
/** Highest stackLevel that is accepted (OCPP 1.6 §9.4 ChargeProfileMaxStackLevel). */
export const MAX_STACK_LEVEL = 99;

/** An answer to upstream, and the new store when it changed. */
export type ProfileAnswer =
  | { readonly kind: 'status'; readonly status: string; readonly changed?: readonly InstalledProfile[] }
  | { readonly kind: 'error'; readonly code: RpcErrorCode; readonly description: string };

type Store = readonly InstalledProfile[];

/**
 * SetChargingProfile.req (OCPP 1.6 §5.16, §3.13.2): a profile with the same id, or with the same purpose and stackLevel on the same
 * connector, is replaced. A TxProfile needs a running transaction on its connector, and the right one when it names one. The
 * transaction id is exchanged for ours.
 */
export function setProfile(
  store: Store,
  payload: Payload,
  connectors: readonly number[],
  mapping: IdMapping,
): ProfileAnswer {
  const reading = readSetChargingProfile(payload);
  if (!reading.ok) return { kind: 'error', code: reading.code, description: reading.description };
  const { connector, profile } = reading;
  if (connector !== 0 && !connectors.includes(connector)) {
    const description = `connectorId is ${connector}; this station has 0 and ${connectors.join(', ')}`;
    return { kind: 'error', code: 'PropertyConstraintViolation', description };
  }
  if (profile.stackLevel > MAX_STACK_LEVEL) return rejected;
  if (profile.purpose === 'ChargingStationMaxProfile' && connector !== 0) return rejected;
  if (profile.purpose !== 'TxProfile') return install(store, connector, withoutTransaction(profile));
  const running = mapping.onConnector(connector);
  if (connector === 0 || !running) return rejected;
  if (profile.transactionId !== undefined) {
    const named = mapping.fromUpstream(Number(profile.transactionId));
    if (named.kind !== 'known' || named.transaction.localId !== running.localId) return rejected;
  }
  return install(store, connector, { ...profile, transactionId: String(running.localId) });
}

const rejected: ProfileAnswer = { kind: 'status', status: 'Rejected' };

function withoutTransaction(profile: ChargingProfile): ChargingProfile {
  const { transactionId: _ignored, ...rest } = profile;
  return rest;
}

/** Puts the profile in and takes out what it replaces; Rejected when the store is full. */
export function install(store: Store, connector: number, profile: ChargingProfile): ProfileAnswer {
  const kept = store.filter(
    (one) =>
      one.profile.id !== profile.id &&
      !(
        one.evse === connector &&
        one.profile.purpose === profile.purpose &&
        one.profile.stackLevel === profile.stackLevel
      ),
  );
  if (kept.length >= MAX_PROFILES) return rejected;
  return { kind: 'status', status: 'Accepted', changed: [...kept, { evse: connector, profile }] };
}

const PURPOSES: ReadonlyMap<unknown, ChargingProfile['purpose']> = new Map([
  ['ChargePointMaxProfile', 'ChargingStationMaxProfile'],
  ['TxDefaultProfile', 'TxDefaultProfile'],
  ['TxProfile', 'TxProfile'],
]);

/**
 * ClearChargingProfile.req (OCPP 1.6 §5.5, errata 3.25/3.26): an id alone decides when there is one, otherwise all given fields must
 * match; no field at all clears everything of upstream's and nothing else. `Unknown` when nothing matched.
 */
export function clearProfiles(store: Store, payload: Payload): ProfileAnswer {
  const { id, connectorId, stackLevel, chargingProfilePurpose } = payload;
  for (const [field, value] of Object.entries({ id, connectorId, stackLevel })) {
    if (value !== undefined && !Number.isSafeInteger(value))
      return { kind: 'error', code: 'TypeConstraintViolation', description: `${field} is no integer` };
  }
  const purpose = PURPOSES.get(chargingProfilePurpose);
  if (chargingProfilePurpose !== undefined && purpose === undefined) {
    const description = `chargingProfilePurpose is none of ${[...PURPOSES.keys()].join(', ')}`;
    return { kind: 'error', code: 'PropertyConstraintViolation', description };
  }
  const matches = ({ evse, profile }: InstalledProfile) =>
    id !== undefined
      ? profile.id === id
      : (connectorId === undefined || evse === connectorId) &&
        (purpose === undefined || profile.purpose === purpose) &&
        (stackLevel === undefined || profile.stackLevel === stackLevel);
  const kept = store.filter((one) => !matches(one));
  if (kept.length === store.length) return { kind: 'status', status: 'Unknown' };
  return { kind: 'status', status: 'Accepted', changed: kept };
}

/** The store after a transaction's end: its TxProfiles go with it (OCPP 1.6 §3.13.1). */
export function withoutTransactionProfiles(store: Store, localId: number): Store {
  const kept = store.filter(({ profile }) => profile.transactionId !== String(localId));
  return kept.length === store.length ? store : kept;
}
