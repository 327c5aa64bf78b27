// Dice that fall alike for the same seed, in one sequence or in one for each label: xorshift128 in 32-bit integers; for simulations and
// tests, never for keys.

import type { Random } from '../engine/ports.ts';

/** A `Random` whose draws depend on `seed` and their order alone. */
export function seededRandom(seed: number): Random {
  let mixed = BigInt.asUintN(64, BigInt(Math.trunc(seed)));
  const split = (): bigint => {
    mixed = BigInt.asUintN(64, mixed + 0x9e3779b97f4a7c15n);
    let z = mixed;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
  // 32-bit state words keep the draw itself free of BigInt: it is called for every ripple of every reading.
  const state = Uint32Array.from({ length: 4 }, () => Number(split() & 0xffffffffn) || 1);
  return drawnFrom(state);
}

/** Many sequences of one seed. What one of them gives depends on the seed and its name alone, whoever else draws and how often. */
export type SeededStreams = {
  /** A new sequence from its beginning: the same name gives the same draws again. */
  stream(name: string): Random;
};

export function seededStreams(seed: number): SeededStreams {
  return { stream: (name) => drawnFrom(stateOf(seed, name)) };
}

/** Labels of one labelled `Random` at most: they are names from the code, and of stations at most, never of single events. */
export const MAX_LABELS = 65_536;

/**
 * A `Random` whose every label is a sequence of its own, so that a draw that is left out shifts no draw of another label.
 * Throws on one label more than `MAX_LABELS`: forgetting a sequence would repeat its draws.
 */
export function labelledRandom(seed: number): Random {
  const streams = seededStreams(seed);
  const byLabel = new Map<string, Random>();
  const of = (label: string): Random => {
    const known = byLabel.get(label);
    if (known) return known;
    if (byLabel.size >= MAX_LABELS)
      throw new Error(`labelled random: '${label}' is one label more than ${MAX_LABELS}; name the draw, not the event`);
    const stream = streams.stream(label);
    byLabel.set(label, stream);
    return stream;
  };
  return { next: (label) => of(label).next(label), uuid: (label) => of(label).uuid(label) };
}

/** FNV-1a over the name's UTF-16 units, four times with different beginnings, each stirred with both halves of the seed. */
function stateOf(seed: number, name: string): Uint32Array {
  const whole = Math.trunc(seed);
  const [low, high] = [whole >>> 0, Math.floor(whole / 2 ** 32) >>> 0];
  return Uint32Array.from({ length: 4 }, (_none, at) => {
    let hash = stirred(low ^ Math.imul(at + 1, 0x9e3779b9)) ^ stirred(high + at);
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    // xorshift stands still on four zeros.
    return stirred(hash) || 1;
  });
}

/** The finalizer of MurmurHash3: every bit of the answer depends on every bit of `word`. */
function stirred(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** xorshift128 from four words that are not all zero. */
function drawnFrom(state: Uint32Array): Random {
  const draw = (): number => {
    let t = state[3]!;
    const s = state[0]!;
    state[3] = state[2]!;
    state[2] = state[1]!;
    state[1] = s;
    t ^= t << 11;
    t ^= t >>> 8;
    state[0] = t ^ s ^ (s >>> 19);
    return state[0]! / 2 ** 32;
  };
  return {
    next: draw,
    uuid: () => {
      const hex = Array.from({ length: 32 }, () => Math.floor(draw() * 16).toString(16));
      hex[12] = '4';
      hex[16] = '89ab'[Math.floor(draw() * 4)]!;
      const text = hex.join('');
      return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
    },
  };
}
