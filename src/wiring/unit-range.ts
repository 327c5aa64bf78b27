// The unit ids that a person names on the command line; it knows no bus.

/** Modbus over serial line 1.02 §2.2: 1 to 247 are devices; 255 is what some Modbus TCP devices answer to. */
export const LAST_UNIT = 255;

/** `1-247`, `5`, `1,3,10-20` → ascending ids, each once; or what was expected. */
export function parseUnits(text: string): { readonly units: readonly number[] } | { readonly expected: string } {
  const expected = `unit ids from 0 to ${LAST_UNIT}, such as 1-32 or 1,5,100-110`;
  const units = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim());
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || first > last || last > LAST_UNIT) return { expected };
    for (let unit = first; unit <= last; unit++) units.add(unit);
  }
  return { units: [...units].sort((a, b) => a - b) };
}
