// What is known of a charger model before it says a word: capabilities and quirks, loaded from profiles/chargers.

/** The versions of OCPP that are spoken with stations, the highest first. */
export const OCPP_VERSIONS = ['2.0.1', '1.6'] as const;
export type OcppVersion = (typeof OCPP_VERSIONS)[number];

/** The closed list of a charger's oddities; each is documented by the misbehaviour it answers in `docs/quirks.md`. */
export const QUIRK_FLAGS = [
  // Forgets its charging profiles when the WebSocket reconnects and then charges without limit.
  'forgets-profiles-on-reconnect',
  // After a limit of 0 A the next limit is ignored: full speed. Never send it 0 A.
  'zero-amps-breaks-next-limit',
  // Has no stack level above 0: lease and floor must differ in purpose instead.
  'stack-level-zero-only',
  // Reboots or loops on GetConfiguration: never ask.
  'no-get-configuration',
  // Answers slowly and only one CALL at a time; its silence must delay nobody else.
  'slow-answers',
  // Reports "offered" values that are not what it offers: only measured current proves anything.
  'offered-value-lies',
  // Sends no Sec-WebSocket-Protocol header: take it for OCPP 1.6.
  'no-subprotocol',
  // Cars do not begin again after a pause on this model: offer it more for a moment, and pause it last.
  'needs-wake-up',
  // Does not boot by itself: ask by TriggerMessage.
  'must-be-asked-to-boot',
] as const;
export type QuirkFlag = (typeof QUIRK_FLAGS)[number];

/** A charger model. Times in milliseconds, limits in amperes per phase. */
export type ChargerProfile = {
  readonly id: string;
  readonly title: string;
  /** The versions that it may speak; absent: 1.6 alone. */
  readonly ocpp?: readonly OcppVersion[];
  /** OCPP chargingRateUnit that the model obeys. */
  readonly unit: 'A' | 'W';
  /** The smallest step of a limit in amperes per phase; limits are rounded down to it. */
  readonly stepAmps: number;
  /** How floor and lease are told apart on this model (OCPP 1.6 §3.13.2). */
  readonly floor: { readonly purpose: 'TxDefaultProfile'; readonly stackLevel: number };
  readonly lease: { readonly purpose: 'TxDefaultProfile' | 'TxProfile'; readonly stackLevel: number };
  /** How long after its answer a charger and its car may go on drawing the old current. */
  readonly settleMs: number;
  readonly callTimeoutMs: number;
  /** Shortest time between two limits for one EVSE, decreases excepted. */
  readonly minIntervalMs: number;
  /** Profiles that may be written to one EVSE in a day at most (flash wear); absent: no bound. */
  readonly writesPerDay?: number;
  /** How long a lease lives; flash wear and slow firmware ask for more. */
  readonly leaseMs: number;
  /** False when the floor is not proved to hold (no smart charging, forgets profiles): the floor proof counts the hardware maximum. */
  readonly holdsFloor: boolean;
  readonly quirks: readonly QuirkFlag[];
};
