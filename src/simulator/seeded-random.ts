// Dice that fall alike for the same seed: xorshift128 seeded by splitmix64; for simulations and tests, never for keys.

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
