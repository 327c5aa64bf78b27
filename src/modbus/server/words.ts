// Writes values into registers, most significant word first, and says "not available" where there is none; it never scales or judges.

export type FieldType = 'u16' | 'u32' | 'f32' | 'text';

/** What stands in the registers of a value that is not known: 0xFFFF, 0xFFFFFFFF, a quiet NaN; texts end with zeros. */
const NO_U16 = 0xffff;
const NO_U32 = 0xffff_ffff;
const NO_F32 = 0x7fc0_0000;
/** The largest value that is one; a larger number is told as this, because the next one would say "not available". */
const MOST_U16 = NO_U16 - 1;
const MOST_U32 = NO_U32 - 1;

/** One value of a record of registers and where it comes from. `S` is what the record tells of. */
export type Field<S> = {
  /** First register, counted from the record's. */
  readonly at: number;
  readonly name: string;
  readonly type: FieldType;
  /** Registers of a text, two characters each. */
  readonly registers?: number;
  readonly unit?: string;
  readonly meaning: string;
  /** Undefined: not known, or there is no such thing here. */
  readonly of: (subject: S) => number | string | undefined;
};

/** How many registers a field takes. */
export function widthOf({ type, registers }: Pick<Field<never>, 'type' | 'registers'>): number {
  return type === 'u16' ? 1 : type === 'text' ? (registers ?? 1) : 2;
}

/** Writes every field of a record that begins at `register`; registers that belong to no field are left as they are. */
export function writeRecord<S>(view: DataView, register: number, fields: readonly Field<S>[], subject: S): void {
  for (const field of fields) writeField(view, register + field.at, field, field.of(subject));
}

/** Writes one value; `register` counts from the view's first. */
export function writeField(
  view: DataView,
  register: number,
  field: Pick<Field<never>, 'type' | 'registers'>,
  value: number | string | undefined,
): void {
  const at = register * 2;
  switch (field.type) {
    case 'u16':
      view.setUint16(at, wholeOr(value, MOST_U16, NO_U16));
      break;
    case 'u32':
      view.setUint32(at, wholeOr(value, MOST_U32, NO_U32));
      break;
    case 'f32':
      if (typeof value === 'number' && Number.isFinite(Math.fround(value))) view.setFloat32(at, value);
      else view.setUint32(at, NO_F32);
      break;
    case 'text':
      writeText(view, at, widthOf(field) * 2, typeof value === 'string' ? value : '');
      break;
  }
}

/** Every register of a range says 0xFFFF: what is reserved is not available. */
export function clearRegisters(bytes: Uint8Array): void {
  bytes.fill(0xff);
}

function wholeOr(value: number | string | undefined, most: number, none: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return none;
  return Math.min(most, Math.round(value));
}

/** ASCII; what is none becomes a question mark, what is too long is cut. */
function writeText(view: DataView, at: number, length: number, text: string): void {
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    view.setUint8(at + index, Number.isNaN(code) ? 0 : code >= 0x20 && code < 0x7f ? code : 0x3f);
  }
}
