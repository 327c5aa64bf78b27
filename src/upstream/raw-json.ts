// Finds and exchanges members in the text of a JSON object without parsing and writing it anew; every other byte stays as it was.

/** Where one member of an object stands in its text; offsets in characters, ends exclusive. */
export type Member = {
  readonly key: string;
  /** Opening quote of the key. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
};

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const WORD = /[^ \t\n\r,:\]}[{"]+/y;

/** The outer members of an object. `raw` MUST be the text of a valid JSON object without duplicate keys, as the frame layer grants. */
export function membersOf(raw: string): Member[] {
  const members: Member[] = [];
  let at = skip(SPACE, raw, 0);
  if (raw[at] !== '{') throw new TypeError('not the text of a JSON object');
  at = skip(SPACE, raw, at + 1);
  while (at < raw.length && raw[at] !== '}') {
    const start = at;
    at = skip(STRING, raw, at);
    const key: string = JSON.parse(raw.slice(start, at));
    // Over the colon.
    const valueStart = skip(SPACE, raw, skip(SPACE, raw, at) + 1);
    const valueEnd = endOfValue(raw, valueStart);
    members.push({ key, start, valueStart, valueEnd });
    at = skip(SPACE, raw, valueEnd);
    if (raw[at] === ',') at = skip(SPACE, raw, at + 1);
  }
  return members;
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return from + (pattern.exec(text)?.[0].length ?? 0);
}

function endOfValue(raw: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const character = raw[at];
    if (character === '"') at = skip(STRING, raw, at);
    else if (character === '{' || character === '[') {
      depth += 1;
      at += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      at += 1;
    } else if (character === ',' || character === ':') at += 1;
    else at = skip(WORD, raw, at);
    if (depth > 0) at = skip(SPACE, raw, at);
  } while (depth > 0 && at < raw.length);
  return at;
}

/** The text with the value of the outer member `key` exchanged for `value`, itself JSON text; unchanged without such a member. */
export function replaceMember(raw: string, key: string, value: string): string {
  const member = membersOf(raw).find((one) => one.key === key);
  return member ? raw.slice(0, member.valueStart) + value + raw.slice(member.valueEnd) : raw;
}

/** The text without the outer member `key` and one comma beside it; unchanged without such a member. */
export function removeMember(raw: string, key: string): string {
  const members = membersOf(raw);
  const index = members.findIndex((one) => one.key === key);
  const member = members[index];
  if (!member) return raw;
  const before = members[index - 1];
  const after = members[index + 1];
  if (before) return raw.slice(0, before.valueEnd) + raw.slice(member.valueEnd);
  return raw.slice(0, member.start) + raw.slice(after?.start ?? member.valueEnd);
}
