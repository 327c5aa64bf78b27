// Writes a number into registers as a meter does, without anything of the decoder: what properties compare it with.
import type { RegisterType } from '../../src/core/model/meter-profile.ts';

/** How many bits each type takes, and how a raw number becomes them. */
const BITS: { readonly [T in RegisterType]: (raw: number | bigint) => readonly [bits: bigint, width: number] } = {
  u16: (raw) => [BigInt(raw), 16],
  i16: (raw) => [BigInt.asUintN(16, BigInt(raw)), 16],
  u32: (raw) => [BigInt(raw), 32],
  acc32: (raw) => [BigInt(raw), 32],
  i32: (raw) => [BigInt.asUintN(32, BigInt(raw)), 32],
  u64: (raw) => [BigInt(raw), 64],
  i64: (raw) => [BigInt.asUintN(64, BigInt(raw)), 64],
  f32: (raw) => [
    BigInt(
      `0x${Buffer.from(new Float32Array([Number(raw)]).buffer)
        .reverse()
        .toString('hex')}`,
    ),
    32,
  ],
  f64: (raw) => [
    BigInt(
      `0x${Buffer.from(new Float64Array([Number(raw)]).buffer)
        .reverse()
        .toString('hex')}`,
    ),
    64,
  ],
};

/** Registers of `raw`, the most significant first (`hi`) or last (`lo`). */
export function encodePoint(type: RegisterType, raw: number | bigint, wordOrder: 'hi' | 'lo'): number[] {
  const [bits, width] = BITS[type](raw);
  const words: number[] = [];
  for (let at = width - 16; at >= 0; at -= 16) words.push(Number((bits >> BigInt(at)) & 0xffffn));
  return wordOrder === 'hi' ? words : words.reverse();
}
