// What a scan found, for people and programs; where several profiles fit alike it says so instead of choosing.

import type { ProfileFit, UnitFinding } from '../modbus/scan.ts';

/** What one line, at one speed, gave. */
export type LineFindings = { readonly place: string; readonly asked: number; readonly found: readonly UnitFinding[] };

/** More than so many profiles that fit are counted, not listed. */
const MOST_LISTED = 6;

/** `address`: as the verb takes it; `meter`: the site file's id of the meter at this place. Several lines. */
export function describeFinding(
  { unitId, kind, fits }: UnitFinding,
  { place, address, meter }: { readonly place: string; readonly address: string; readonly meter?: string },
): string {
  const whose = meter === undefined ? '' : ` (meter "${meter}" of the site file)`;
  const title = `unit ${unitId} at ${place}${whose}`;
  if (kind === 'garbled')
    return `${title}: something answers, but not whole: check baud rate and parity (--bauds 9600,19200 --parities none,even), or two devices share this id`;
  const [best] = fits;
  if (!best) return `${title}: answers, but no profile fits: perhaps no meter, or one that measures nothing now`;
  const listed = fits.slice(0, MOST_LISTED).map((fit, at) => `  ${at + 1}. ${fit.profile}: ${reasonOf(fit)}`);
  const more = fits.length > MOST_LISTED ? [`  and ${fits.length - MOST_LISTED} more`] : [];
  return [
    title,
    ...listed,
    ...more,
    `  ${verdict(fits)}`,
    `  look: busbar meter ${best.profile} ${address} --unit ${unitId} --watch`,
  ].join('\n');
}

const reasonOf = ({ proof, reasons, score }: ProfileFit) =>
  `${proof === 'ident' ? 'proved' : `${score} points`}: ${reasons.join(', ')}`;

function verdict(fits: readonly ProfileFit[]): string {
  const [best, next] = fits;
  if (best?.proof === 'ident' && next?.proof !== 'ident')
    return 'The meter itself says so; compare one value with its display.';
  if (best && next && best.score === next.score)
    return 'The first ones cannot be told apart by what they read: the plate on the housing decides, then the display.';
  return 'Values alone prove no model: compare the plate on the housing, then the display.';
}

export function scanAsJson(lines: readonly LineFindings[]): object {
  return { lines: lines.map(({ place, asked, found }) => ({ place, asked, found })) };
}
