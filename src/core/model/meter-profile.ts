// The register map of a meter model: facts as data, loaded from profiles/meters, read by the Modbus room.

export type MeterPointName =
  | `${'v' | 'i' | 'p'}_l${1 | 2 | 3}`
  | 'p_total'
  | 'f'
  | 'e_imp'
  | 'e_exp'
  | `e_${'imp' | 'exp'}_ph_l${1 | 2 | 3}`;

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

export type MeterProfile = {
  readonly id: string;
  readonly maker: string;
  readonly models: readonly string[];
  readonly phases: 1 | 3;
  readonly transports: readonly ('tcp' | 'rtu' | 'rtu-over-tcp' | 'udp')[];
  /** 3 = holding registers, 4 = input registers. */
  readonly functionCode: 3 | 4;
  readonly wordOrder: 'hi' | 'lo';
  /** Longest read in registers. */
  readonly maxRegisters: number;
  /** Silence before a request. */
  readonly gapMs: number;
  readonly defaultUnitId?: number;
  /** `sunspec`: addresses count from the ID register of the first model in `models`, found by walking the chain. */
  readonly base?: { readonly kind: 'sunspec'; readonly modelIds: readonly number[] };
  /** unsigned = rms, always positive: the sign is taken from the power of that phase. */
  readonly currentSign: 'signed' | 'unsigned' | 'unknown';
  /** Raw bits, read as an unsigned number, that mean "not available", by register type; never scaled. 'nan': any NaN. */
  readonly invalid?: { readonly [T in RegisterType]?: readonly (number | 'nan')[] };
  readonly points: { readonly [N in MeterPointName]?: MeterPoint };
  readonly read: {
    readonly fast: readonly (readonly [number, number])[];
    readonly slow: readonly (readonly [number, number])[];
  };
  readonly traps: readonly string[];
  readonly confidence: 'A' | 'B' | 'C';
  readonly sources: readonly string[];
};
