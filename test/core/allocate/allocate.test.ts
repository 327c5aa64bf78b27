// One sharing out as a whole: what is reserved first, then minima and fair shares, then those who live on surplus; with who answered and why.
import { describe, expect, test } from 'vitest';
import { type AllocateInput, allocate } from '../../../src/core/allocate/allocate.ts';
import { fill } from '../../../src/core/allocate/fill.ts';
import type { Proposer } from '../../../src/core/allocate/proposers.ts';
import { solveByLp } from '../../../src/core/allocate/solve.ts';
import { onEachPhase, type Phase } from '../../../src/core/model/units.ts';
import { candidateRole as candidate } from '../../support/candidates.ts';
import { sharing } from '../../support/sharing.ts';

const reserved = (amps: number) => ({ kind: 'reserved', amps }) as const;
const L1: { readonly phases: readonly Phase[] } = { phases: ['L1'] };
const main = (amps: number) => ({ ratingAmps: onEachPhase(amps) });
const mainRow = (phase: Phase, amps: number) => ({
  kind: 'row',
  tag: { kind: 'phase', circuit: 'main', phase, limitAmps: amps, source: { kind: 'fuse' } },
});

describe('one sharing out', () => {
  test('each has its share and what holds it there', () => {
    const input = sharing([{}, { role: candidate({ upper: 10 }) }, { evse: L1 }, { role: reserved(3) }], main(40));
    expect(allocate(input)).toStrictEqual({
      amps: [14, 10, 13, 3],
      bindings: [mainRow('L1', 40), { kind: 'upper' }, mainRow('L1', 40), undefined],
      solver: { answeredBy: 'lp', variables: 3, rows: 3 },
    });
  });

  test('equals are one variable, and each of them is told the same', () => {
    const { amps, bindings, solver } = allocate(sharing([{}, {}, {}], main(60)));
    expect(amps).toEqual([20, 20, 20]);
    expect(bindings).toEqual([mainRow('L1', 60), mainRow('L1', 60), mainRow('L1', 60)]);
    expect(solver.variables).toBe(1);
  });

  test('who is not served has nothing, and the row that refused it', () => {
    const input = sharing([{ role: candidate({ priority: 1 }) }, { role: candidate({ restsUntil: 5 }) }, {}], main(11));
    expect(allocate(input)).toMatchObject({
      amps: [11, 0, 0],
      bindings: [
        mainRow('L1', 11),
        { kind: 'not-admitted', because: { kind: 'rest' } },
        { kind: 'not-admitted', because: { ...mainRow('L1', 11), row: 0, missingAmps: 1 } },
      ],
    });
  });

  test('nobody to share out to is an answer too', () => {
    expect(allocate(sharing([{ role: reserved(20) }], main(10)))).toStrictEqual({
      amps: [20],
      bindings: [undefined],
      solver: { answeredBy: 'lp', variables: 0, rows: 3 },
    });
  });

  test('of what is reserved all counts against others, and only what is certainly drawn makes room for them', () => {
    const onL2L3: { readonly phases: readonly Phase[] } = { phases: ['L2', 'L3'] };
    const share = (amps: number, assuredAmps: number) =>
      allocate(sharing([{ evse: L1 }, { evse: onL2L3, role: reserved(amps), assuredAmps }], { unbalanceAmps: 10 }))
        .amps;
    expect(share(20, 6)).toEqual([16, 20]);
    // More than it may draw it never draws.
    expect(share(5, 6)).toEqual([15, 5]);
    expect(allocate(sharing([{ evse: L1 }, { evse: L1, role: reserved(20), assuredAmps: 6 }], main(30))).amps).toEqual([
      10, 20,
    ]);
  });

  test.each([
    ['everybody a part', 'part-for-everyone', [13, 13]],
    ['the first to leave what it needs', 'earliest-departure-first', [6, 20]],
  ] as const)('where there is not enough for all: %s', (_story, scarcity, expected) => {
    const all = [
      { role: candidate({ needAmps: 20, departureAt: 9e6 }) },
      { role: candidate({ needAmps: 20, departureAt: 1e6 }) },
    ];
    expect(allocate(sharing(all, main(26), { scarcity })).amps).toEqual(expected);
  });

  test('a place changes hands after its turn, in a cycle in which it may', () => {
    const turn = (mayRotate: boolean, servedMs: number) => {
      const roles = [candidate({ isOn: true, servedMs }), candidate({ waitedMs: 1_000 })];
      const { amps, ...rest } = allocate({
        ...sharing(
          roles.map((role) => ({ role })),
          main(10),
        ),
        mayRotate,
      });
      return { amps, ...('rotated' in rest ? { rotated: rest.rotated } : {}) };
    };
    // The policy's turn is a quarter of an hour.
    expect(turn(true, 900_000)).toStrictEqual({ amps: [0, 10], rotated: { starts: 1, pauses: 0 } });
    expect(turn(true, 899_999)).toStrictEqual({ amps: [10, 0] });
    expect(turn(false, 900_000)).toStrictEqual({ amps: [10, 0] });
  });
});

describe('sessions on surplus', () => {
  const living = (part: Parameters<typeof candidate>[0] = {}) => ({ role: candidate({ onlySurplus: true, ...part }) });
  const surplusRow = (surplusWatts: number) => ({ kind: 'row', tag: { kind: 'surplus', surplusWatts } });
  const share = (parts: Parameters<typeof sharing>[0], surplusAmps: number, amps = 63) =>
    allocate(sharing(parts, main(amps), { surplusWatts: surplusAmps * 690 })).amps;

  test('are shared out after the others, and the report is one of both', () => {
    const input = sharing([living(), {}, living(), { role: reserved(2) }], main(40), { surplusWatts: 52 * 690 });
    expect(allocate(input)).toStrictEqual({
      // B first takes its 32 A, then 6 A are left for one of the others.
      amps: [6, 32, 0, 2],
      bindings: [
        mainRow('L1', 40),
        { kind: 'upper' },
        { kind: 'not-admitted', because: { ...mainRow('L1', 40), row: 0, missingAmps: 6 } },
        undefined,
      ],
      solver: { answeredBy: 'lp', variables: 2, rows: 4 },
    });
  });

  test('are held by the surplus where nothing else is tighter', () => {
    const input = sharing([living(), {}], main(63), { surplusWatts: 41 * 690 });
    expect(allocate(input)).toMatchObject({ amps: [9, 32], bindings: [surplusRow(9 * 690), { kind: 'upper' }] });
    const none = allocate(sharing([living(), {}], main(63), { surplusWatts: 37 * 690 }));
    expect(none).toMatchObject({
      amps: [0, 32],
      bindings: [
        { kind: 'not-admitted', because: { ...surplusRow(5 * 690), row: 3, missingAmps: 1 } },
        { kind: 'upper' },
      ],
    });
  });

  test.each<readonly [string, Parameters<typeof sharing>[0], number, readonly number[]]>([
    // story, EVSEs, surplus in amperes on three phases, shares
    ['share it among themselves', [living(), living()], 24, [12, 12]],
    ['have what others leave', [living(), { role: candidate({ upper: 10 }) }], 20, [10, 10]],
    ['what is reserved counts as far as it is drawn', [living(), { role: reserved(10), assuredAmps: 7 }], 20, [13, 10]],
    ['and never more than it is', [living(), { role: reserved(10), assuredAmps: 12 }], 20, [10, 10]],
    ['by its phases', [living(), { evse: L1, role: reserved(30), assuredAmps: 30 }], 20, [10, 30]],
    ['keep their minima for a while without it', [living({ keepsPlace: true }), {}], 0, [6, 32]],
    ['by their phases', [{ ...living({ keepsPlace: true, upper: 9 }), evse: L1 }, living()], 0, [6, 0]],
    ['each the own', [living({ keepsPlace: true, lower: 8 }), living({ keepsPlace: true }), living()], 0, [8, 6, 0]],
    [
      'also beside one that must never be sent 0 A',
      [living({ neverZero: true }), living({ keepsPlace: true })],
      0,
      [6, 6],
    ],
    ['which has no more before that', [living({ neverZero: true }), living({ keepsPlace: true })], 11, [6, 6]],
    ['and nobody else has', [living({ neverZero: true }), living()], 0, [6, 0]],
    ['lose them for nobody that waits', [living(), living({ keepsPlace: true })], 0, [0, 6]],
  ])('%s', (_story, parts, surplusAmps, expected) => {
    expect(share(parts, surplusAmps)).toEqual(expected);
  });

  test('one that must never be sent 0 A has its minimum before all others, and more only from surplus', () => {
    const parts = [{}, living({ neverZero: true })];
    expect(share(parts, 0, 20)).toEqual([14, 6]);
    // What was set aside for it is not counted twice: 34 A of surplus, of which A has 26.
    expect(share([{ role: candidate({ upper: 26 }) }, living({ neverZero: true })], 34, 40)).toEqual([26, 8]);
  });

  test('a turn that changes hands among the others is told of, and so is one among themselves; one in a cycle', () => {
    const turn = { isOn: true, servedMs: 9e6 };
    const waits = { waitedMs: 1_000 };
    const others = [{ role: candidate(turn) }, { role: candidate(waits) }];
    const own = [living(turn), living(waits)];
    const turned = (parts: Parameters<typeof sharing>[0], amps: number) => {
      const input = { ...sharing(parts, main(amps), { surplusWatts: 10 * 690 }), mayRotate: true };
      const { amps: shares, rotated } = allocate(input);
      return [shares, rotated];
    };
    expect(turned([...others, living()], 10)).toEqual([[0, 10, 0], { starts: 1, pauses: 0 }]);
    expect(turned(own, 63)).toEqual([[0, 10], { starts: 1, pauses: 0 }]);
    // The others are on L1 alone, which is full with one of them, and those on surplus on L2.
    const onL1 = others.map((part) => ({ ...part, evse: L1 }));
    const onL2 = own.map((part) => ({ ...part, evse: { phases: ['L2'] as const } }));
    expect(turned([...onL1, ...onL2], 10)).toEqual([[0, 10, 10, 0], { starts: 1, pauses: 0 }]);
  });
});

describe('who answers', () => {
  const lp: Proposer = { name: 'lp', solve: solveByLp };
  const highs: Proposer = { name: 'highs', solve: solveByLp };
  const filling: Proposer = { name: 'filling', solve: fill };
  const greedy: Proposer = { name: 'greedy', solve: fill };
  const failing = (because: string): Proposer => ({ name: 'highs', solve: () => ({ kind: 'failed', because }) });
  const two = (surplusAmps = 20) =>
    sharing(
      [
        { role: candidate({ onlySurplus: true }) },
        { role: candidate({ upper: 10 }) },
        { role: reserved(2), assuredAmps: 2 },
      ],
      main(63),
      {
        surplusWatts: surplusAmps * 690,
      },
    );
  /** Who is asked for the others, and for those on surplus, whose program has one row more. */
  const asked = (input: AllocateInput, first: readonly Proposer[], second: readonly Proposer[]) =>
    allocate(input, ({ rows }) => (rows.length === 3 ? first : second));

  test.each([
    ['both alike', [lp], [lp], { answeredBy: 'lp' }],
    ['the weaker of the two names itself', [lp], [highs], { answeredBy: 'highs' }],
    ['filling is weaker than HiGHS', [highs], [filling], { answeredBy: 'filling' }],
    ['the stand-in is weaker than filling', [filling], [greedy], { answeredBy: 'greedy' }],
    ['also where it was the first', [filling], [lp], { answeredBy: 'filling' }],
    [
      'the first reason is told',
      [failing('slow'), lp],
      [failing('late'), lp],
      { answeredBy: 'lp', fellBackBecause: 'highs: slow' },
    ],
    ['or that of the second', [lp], [failing('late'), lp], { answeredBy: 'lp', fellBackBecause: 'highs: late' }],
    [
      'or that of the first alone',
      [failing('slow'), failing('lost'), filling],
      [lp],
      { answeredBy: 'filling', fellBackBecause: 'highs: slow' },
    ],
  ])('%s', (_story, first, second, expected) => {
    const { amps, solver } = asked(two(), first, second);
    expect(amps).toEqual([8, 10, 2]);
    expect(solver).toStrictEqual({ variables: 2, rows: 4, ...expected });
  });

  test('a weaker answer to nobody is not told of', () => {
    expect(asked(two(12), [lp], [filling]).solver).toStrictEqual({ answeredBy: 'lp', variables: 1, rows: 4 });
  });

  test('the solvers at hand are handed on with each program', () => {
    const solvers = { highs: solveByLp };
    const seen: unknown[] = [];
    allocate({ ...two(), solvers }, (program, given) => {
      seen.push([program.variables.length, given]);
      return [lp];
    });
    expect(seen).toEqual([
      [1, solvers],
      [1, solvers],
    ]);
  });
});

describe('when nobody answers', () => {
  const floors = (part: Partial<AllocateInput> = {}) => ({
    ...sharing(
      [
        { evse: { floorAmps: 7 }, role: candidate({ onlySurplus: true }) },
        { role: candidate({ isOn: true, servedMs: 9e6 }) },
        { role: candidate({ waitedMs: 1_000 }) },
        { evse: { floorAmps: 6 }, role: reserved(2) },
      ],
      main(10),
      { surplusWatts: 50_000 },
    ),
    ...part,
  });
  const expected = { amps: [7, 0, 0, 2], bindings: [undefined, undefined, undefined, undefined] };

  test('everybody falls to the floor, and nothing holds it there but that', () => {
    expect(allocate(floors(), () => [])).toStrictEqual({
      ...expected,
      solver: { answeredBy: 'floors', variables: 1, rows: 3, fellBackBecause: 'no proposer' },
    });
  });

  test('for sessions on surplus neither, and no turn has changed hands', () => {
    const answers = ({ rows }: { readonly rows: readonly unknown[] }): readonly Proposer[] =>
      rows.length === 3 ? [{ name: 'lp', solve: solveByLp }] : [];
    expect(allocate(floors({ mayRotate: true }), answers)).toStrictEqual({
      ...expected,
      solver: { answeredBy: 'floors', variables: 1, rows: 4, fellBackBecause: 'no proposer' },
    });
  });
});
