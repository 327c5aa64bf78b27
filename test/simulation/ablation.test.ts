// The copies of the ablation: every edit still fits today's sources, and in a scene of its own each measure is what keeps the fuse law.
import { describe, expect, test } from 'vitest';
import { ABLATIONS, type Edit, INSTRUMENT } from '../../bench/ablation/ablations.ts';
import { copyWith, edited, editedSources } from '../../bench/ablation/copy.ts';
import { runTask } from '../../bench/simulation/pool.ts';
import type { Happening } from '../../src/simulator/script.ts';

const SECOND_MS = 1_000;
/** Something goes wrong after three minutes, when everybody has what is theirs, and lasts for four. */
const AT_MS = 180 * SECOND_MS;
const FOR_MS = 240 * SECOND_MS;

/** One that takes all it is given, on a station of the site `three`. */
const car = (station: string, atMs = 30 * SECOND_MS): Happening => ({
  kind: 'car-comes',
  atMs,
  evse: `${station}/1`,
  car: { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 300_000 },
  storedWh: 0,
  idTag: `SIM-${station}`,
  forMs: 3_600 * SECOND_MS,
});
const buildingRises: Happening = {
  kind: 'building-steps',
  atMs: AT_MS + 90 * SECOND_MS,
  amps: { L1: 10, L2: 10, L3: 10 },
  forMs: 120 * SECOND_MS,
};

type Scene = {
  readonly without: string;
  readonly story: string;
  /** Of what the building may draw. */
  readonly basePart: number;
  readonly happenings: readonly Happening[];
};

/** In the order of time. With everything in place no limit is passed for a second in any of them. */
const SCENES: readonly Scene[] = [
  {
    without: 'without lease',
    story: 'the controller dies, and the building draws more',
    basePart: 0.5,
    happenings: [
      car('S0'),
      car('S2'),
      { kind: 'controller-dies', how: 'crash', atMs: AT_MS, forMs: FOR_MS },
      buildingRises,
    ],
  },
  {
    without: 'without floor',
    story: 'the controller dies, and that is all',
    basePart: 0.5,
    happenings: [car('S0'), car('S2'), { kind: 'controller-dies', how: 'crash', atMs: AT_MS, forMs: FOR_MS }],
  },
  {
    without: 'without reserve for the unreachable',
    story: 'one of two chargers on a board without a meter loses its link while it charges',
    basePart: 0.1,
    happenings: [car('S0'), car('S1'), { kind: 'link-lost', station: 'S0', how: 'closed', atMs: AT_MS, forMs: FOR_MS }],
  },
  {
    without: 'without decrease before increase',
    story: 'a second car comes just when the first no longer hears that it is to make room',
    basePart: 0.1,
    happenings: [
      car('S0'),
      car('S1', AT_MS),
      { kind: 'link-lost', station: 'S0', how: 'half-open', atMs: AT_MS + 100, forMs: FOR_MS },
    ],
  },
  {
    without: 'without stuck-meter detection',
    story: 'the meter says the same for ever, and the building draws more',
    basePart: 0.5,
    happenings: [
      car('S0'),
      car('S2'),
      { kind: 'meter-errs', meter: 'main', fault: 'stuck', atMs: AT_MS, forMs: FOR_MS },
      buildingRises,
    ],
  },
];

describe('the edits', () => {
  test.each(ABLATIONS)('"$name" fits the sources as they are today', ({ edits }) => {
    const files = new Set([...INSTRUMENT, ...edits].map(({ file }) => file));
    expect([...editedSources([...INSTRUMENT, ...edits]).keys()]).toEqual([...files]);
  });

  test('one whose place is gone, or is there twice, is refused with the file and the text', () => {
    const edit = { file: 'a.ts', find: 'b', replace: '$&c' };
    expect(edited('abc', edit)).toBe('a$&cc');
    expect(() => edited('axc', edit)).toThrow('a.ts: expected once, found 0 times: b');
    expect(() => edited('abcb', edit)).toThrow('a.ts: expected once, found 2 times: b');
  });

  test('every measure that is taken away has its scene', () => {
    const measures = ABLATIONS.filter(({ edits }) => edits.length > 0).map(({ name }) => name);
    expect(SCENES.map(({ without }) => without)).toEqual(measures);
  });
});

describe('what each measure is there for', () => {
  test.each(SCENES)(
    '$without: $story',
    async (scene) => {
      const { edits } = ABLATIONS.find(({ name }) => name === scene.without)!;
      const [whole, ablated] = await Promise.all([secondsAbove(scene, []), secondsAbove(scene, edits)]);
      expect(whole).toBe(0);
      expect(ablated).toBeGreaterThan(10);
    },
    120_000,
  );
});

/** How long a limit is passed in the scene, by sources with these edits. */
async function secondsAbove({ basePart, happenings }: Scene, edits: readonly Edit[]): Promise<number> {
  const copy = copyWith([...INSTRUMENT, ...edits]);
  try {
    const { report } = await runTask({
      dir: copy.dir,
      job: {
        site: 'three',
        seed: 1,
        hours: 0.125,
        faults: 'none',
        script: { baseLoad: { kind: 'flat', part: basePart }, happenings },
      },
    });
    return report.figures['fuse-law.aboveLimitSeconds']!;
  } finally {
    copy.dispose();
  }
}
