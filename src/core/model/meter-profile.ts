// The register map of a meter model: facts as data, loaded from profiles/meters, read by the Modbus room.

export type MeterPointName =
  | `${'v' | 'i' | 'p'}_l${1 | 2 | 3}`
  | 'p_total'
  | 'f'
  | 'e_imp'
  | 'e_exp'
  | `e_${'imp' | 'exp'}_ph_l${1 | 2 | 3}`;

/** Half of a power that the meter keeps in two registers without a sign: the power is `pos` − `neg`. */
export type PowerHalfName = `p_${'l1' | 'l2' | 'l3' | 'total'}_${'pos' | 'neg'}`;

export type RegisterType = 'f32' | 'f64' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'acc32';

/** How many 16-bit registers a value of each type takes. */
export const REGISTERS_OF: { readonly [T in RegisterType]: number } = {
  u16: 1,
  i16: 1,
  u32: 2,
  i32: 2,
  f32: 2,
  acc32: 2,
  u64: 4,
  i64: 4,
  f64: 4,
};

/** Where a value stands and how it is scaled. V, A, W, Hz, kWh after scaling. */
export type MeterPoint = {
  /** Zero-based register address as sent on the wire; an offset to `base` when the profile has one. */
  readonly address: number;
  readonly type: RegisterType;
  /** value = raw × factor; default 1. */
  readonly factor?: number;
  /** value = raw × 10^(i16 at this address): SunSpec scale factor. */
  readonly scaleFactorAt?: number;
};

/**
 * Bits that say "not available", in lower-case hexadecimal of the type's full width, most significant first: `80000000`; all of a range:
 * `7fff0000..7fffffff`; or any NaN: `nan`.
 */
export type InvalidMarker = string;

/** Registers by which a meter tells who it is. */
export type MeterIdent = {
  readonly functionCode: 3 | 4;
  /** As sent on the wire, never an offset. */
  readonly address: number;
  /** Registers in one read. */
  readonly count: number;
  /** What stands there, for people. */
  readonly meaning: string;
  /** The words of the models that are known, `count` of them each, as they stand in the registers. Absent: any answer will do, such as a serial number. */
  readonly values?: readonly { readonly words: readonly number[]; readonly model?: string }[];
  /** Nobody wrote down the words of all its models: other words are no proof that it is another meter. */
  readonly isPartial?: true;
};

/** Where the points of a profile begin, when that is not 0. */
export type MeterBase =
  /** Points count from the ID register of the first of these models in the chain; each with the phases that it measures. */
  | { readonly kind: 'sunspec'; readonly models: readonly { readonly id: number; readonly phases: 1 | 2 | 3 }[] }
  /** One of several equal groups of inputs, which the site names: points count from `address` + (group − `first`) × `step`. */
  | { readonly kind: 'group'; readonly first: number; readonly address: number; readonly step: number };

/** What no profile is until somebody has compared it with a real meter. */
export const NOT_VERIFIED = 'not yet verified on a real meter';

export type MeterProfile = {
  readonly id: string;
  readonly maker: string;
  readonly models: readonly string[];
  /** The phases that it can measure at most. */
  readonly phases: 1 | 3;
  /** Links that the meter itself offers. */
  readonly transports: readonly ('tcp' | 'rtu' | 'rtu-over-tcp' | 'udp')[];
  /** 3 = holding registers, 4 = input registers. */
  readonly functionCode: 3 | 4;
  readonly wordOrder: 'hi' | 'lo';
  /** Longest read in registers. */
  readonly maxRegisters: number;
  /** Silence before a request. */
  readonly gapMs: number;
  readonly defaultUnitId?: number;
  readonly base?: MeterBase;
  /** How old a value may be at the most when it is read, where the device collects it from others; absent: it measures itself. */
  readonly lagMs?: number;
  /** unsigned = rms, always positive: the sign is taken from the power of that phase. */
  readonly currentSign: 'signed' | 'unsigned' | 'unknown';
  /** What means "not available", by register type; never scaled. */
  readonly invalid?: { readonly [T in RegisterType]?: readonly InvalidMarker[] };
  readonly ident?: readonly MeterIdent[];
  readonly points: { readonly [N in MeterPointName | PowerHalfName]?: MeterPoint };
  readonly read: {
    readonly fast: readonly (readonly [number, number])[];
    readonly slow: readonly (readonly [number, number])[];
  };
  readonly traps: readonly string[];
  readonly confidence: 'A' | 'B' | 'C';
  /** Who compared it with a real meter's display, when, and the firmware of that meter. */
  readonly verified:
    | typeof NOT_VERIFIED
    | readonly { readonly by: string; readonly on: string; readonly firmware: string }[];
  readonly sources: readonly string[];
};
