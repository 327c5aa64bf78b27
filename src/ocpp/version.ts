// What one version of OCPP makes of our words on the wire: all that the rest of this room knows of it besides its handlers. Other rooms are
// version-blind.

import type { OcppVersion } from '../core/model/charger.ts';
import type { ChargingProfile } from '../core/model/charging-profile.ts';
import type { StationState } from '../core/model/snapshot.ts';
import type { TransactionId } from '../core/model/units.ts';
import type { Payload } from './rpc/frames.ts';
import type { Schemas } from './schemas.ts';

/** A CALL of ours as it is written in one version; it MUST pass that version's schemas. */
export type OwnCall = { readonly action: string; readonly payload: Payload };

/** What a station can be asked to say now, of its own accord's kind. */
export type Triggered = 'BootNotification' | 'Heartbeat' | 'samples';

/** A setting that we want: its name in this version, and the values that do, best first. */
export type Setting = { readonly name: string; readonly values: readonly string[] };

export interface VersionWire {
  readonly name: OcppVersion;
  readonly subprotocol: string;
  readonly schemas: Schemas;
  /** True where a text of which not even the message id can be read is answered all the same, under the id "-1" (2.x Part 4 §4.2.3). */
  readonly answersUnreadable: boolean;
  /** The code for a CALL that stations do not make here. */
  refusalOf(action: string): 'NotImplemented' | 'NotSupported';
  /** The version's own spelling of an error code. */
  spell(code: string): string;

  // ------------------------------------------------------------ what a station says

  /** What BootNotification says of the station; it MUST have passed the schema. */
  modelFrom(boot: Payload): NonNullable<StationState['model']>;

  // ------------------------------------------------------------ what we say

  /** SetChargingProfile; absolute times are moved by the station's clock skew. @throws TypeError for a profile that this version cannot say */
  installCall(evse: number, profile: ChargingProfile, clockSkewMs: number): OwnCall;
  /** What to do about a refused SetChargingProfile before it is said once more; nothing: the refusal stands. */
  remedies(evse: number, profile: ChargingProfile, answer: Payload): readonly OwnCall[];
  stopCall(transactionId: TransactionId): OwnCall;
  triggerCall(what: Triggered, evse?: number): OwnCall;
  readonly settings: readonly Setting[];
  settingCall(name: string, value: string): OwnCall;
  /** What a station is asked about itself once per firmware; absent: nothing. */
  readonly abilities?: {
    readonly ask: OwnCall;
    /** Where the first way is refused; the answer comes in CALLs of the station. */
    readonly askOtherwise: OwnCall;
    readonly read: (answer: Payload) => { readonly [name: string]: string };
    /** The names of those without which limits in `unit` have no effect. What is not told is not missing. */
    readonly missing: (told: { readonly [name: string]: string }, unit: 'A' | 'W') => readonly string[];
  };
  /** Whether the answer to `settingCall` says that the value is taken. */
  isSettingTaken(answer: Payload): boolean;
}
