// Which phases a car loads: all that are wired until three samples of its transaction have shown that it leaves some alone.
import { describe, expect, test } from 'vitest';
import { activePhases } from '../../../src/core/command/absorb.ts';
import type { EvseMemory } from '../../../src/core/model/memory.ts';
import { learn, NOW, type Told } from '../../support/learn.ts';
import { evseMemory } from '../../support/ledger.ts';
import { evse } from '../../support/site-builder.ts';

describe('the phases that count', () => {
  const three = evse({ station: 'A' });
  const one = evse({ station: 'B', phases: ['L2'] });
  test.each([
    // EVSE, phases seen as bits, samples, phases that count as bits
    ['nothing is known', three, undefined, undefined, 0b111],
    ['two samples are too few', three, 0b001, 2, 0b111],
    ['three samples show one phase', three, 0b001, 3, 0b001],
    ['three samples show two', three, 0b110, 3, 0b110],
    ['many samples and no current at all', three, 0, 9, 0b111],
    ['current was seen, never in earnest', three, 0b001, undefined, 0b111],
    ['one wired phase', one, undefined, undefined, 0b001],
    ['more seen than is wired', one, 0b011, 3, 0b001],
  ])('%s', (_story, own, seenPhases, seenSamples, expected) => {
    const seen = {
      ...(seenPhases === undefined ? {} : { seenPhases }),
      ...(seenSamples === undefined ? {} : { seenSamples }),
    };
    expect(activePhases(own, evseMemory(seen))).toBe(expected);
  });
});

const seenBy = (part: Partial<EvseMemory>, told: Told) => {
  const { seenPhases, seenSamples, seenInTransaction, judgedSampleAtForPhases } = learn(part, told);
  return { seenPhases, seenSamples, seenInTransaction, judgedSampleAtForPhases };
};

describe('what a sample shows', () => {
  test.each([
    // amperes on the EVSE's own phases, bits seen, counted as a sample in earnest?
    ['one phase in use', [16, 0, 0], 0b001, 1],
    ['all three in use', [16, 16, 16], 0b111, 1],
    ['half an ampere is noise', [0.5, 16, 0.5], 0b010, 1],
    ['a little more is use', [0.6, 16, 0.6], 0b111, 1],
    ['4 A are not yet charging in earnest', [4, 4, 4], 0b111, 0],
    ['a little more on one phase is', [0, 0, 4.1], 0b100, 1],
    ['a station that tells of one phase only proves nothing of the others', [16], 0b001, 0],
    ['no current', [0, 0, 0], 0, 0],
    ['a sample without phases', [], 0, 0],
  ])('%s', (_story, amps, seenPhases, seenSamples) => {
    expect(seenBy({}, { transaction: '7', amps })).toEqual({
      seenPhases,
      seenSamples,
      seenInTransaction: '7',
      judgedSampleAtForPhases: NOW,
    });
  });

  const known = { seenInTransaction: '7', seenPhases: 0b001, seenSamples: 2, judgedSampleAtForPhases: NOW - 10_000 };
  test('adds to what the transaction has shown before', () => {
    expect(seenBy(known, { transaction: '7', amps: [0, 16, 0] })).toEqual({
      seenInTransaction: '7',
      seenPhases: 0b011,
      seenSamples: 3,
      judgedSampleAtForPhases: NOW,
    });
  });

  test('counts once', () => {
    expect(seenBy(known, { transaction: '7', amps: [0, 16, 0], measuredAt: NOW - 10_000 })).toEqual(known);
    expect(seenBy(known, { transaction: '7' })).toEqual(known);
  });

  test('says nothing of the next car', () => {
    expect(seenBy(known, { transaction: '8' })).toEqual({
      seenInTransaction: '8',
      seenPhases: 0,
      seenSamples: 0,
      judgedSampleAtForPhases: NOW - 10_000,
    });
    expect(seenBy(known, { transaction: '8', amps: [0, 16, 0] })).toMatchObject({ seenPhases: 0b010, seenSamples: 1 });
  });

  test('is forgotten with the transaction, and never learnt of a DC charger', () => {
    const forgotten = { seenInTransaction: undefined, seenPhases: undefined, seenSamples: undefined };
    expect(seenBy(known, { amps: [16, 0, 0] })).toMatchObject(forgotten);
    expect(seenBy(known, { transaction: '7', amps: [16, 0, 0], evse: { supply: 'dc' } })).toMatchObject(forgotten);
  });

  test('a memory that names its transaction and nothing seen begins at nothing', () => {
    expect(seenBy({ seenInTransaction: '7' }, { transaction: '7' })).toMatchObject({ seenPhases: 0, seenSamples: 0 });
  });
});
