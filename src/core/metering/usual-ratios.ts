// The ratios that current transformers are sold with: a measured one is near one of them, or somebody should look at the plate.

/** Rated primary currents in amperes, to 5 A and to 1 A (IEC 61869-2 and makers' lists). */
const PRIMARY_AMPS: readonly number[] = [
  30, 40, 50, 60, 75, 80, 100, 120, 125, 150, 160, 200, 250, 300, 400, 500, 600, 750, 800, 1_000, 1_200, 1_250, 1_500,
  1_600, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000,
];
const SECONDARY_AMPS: readonly number[] = [5, 1];

/** 1, and every primary over every secondary, ascending. */
export const USUAL_RATIOS: readonly number[] = [
  ...new Set([1, ...SECONDARY_AMPS.flatMap((secondary) => PRIMARY_AMPS.map((primary) => primary / secondary))]),
].sort((a, b) => a - b);

/** The nearest usual ratio, if it is within `tolerance` (a share) of the measured one. */
export function usualRatioNear(measured: number, tolerance: number): number | undefined {
  const distance = (ratio: number) => Math.abs(Math.log(ratio / measured));
  const nearest = USUAL_RATIOS.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best));
  return Math.abs(nearest / measured - 1) <= tolerance ? nearest : undefined;
}
