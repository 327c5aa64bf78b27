// The change of a site file: as few steps as it takes, all else where it stood, and never a site with a fault.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { channelsOf, type WiringSettings } from '../../src/core/metering/channel-settings.ts';
import { patchFor, patchText } from '../../src/wiring/site-patch.ts';
import { goodSite, rawSite, repositoryRoot } from '../config/support.ts';

const textWith = (meter: object) => {
  const raw = rawSite();
  raw.meters = [
    { id: 'other', profile: 'eastron-sdm630', host: '192.0.2.11' },
    { id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10', ...meter },
  ];
  return JSON.stringify(raw, undefined, 2);
};

test.each<[object, WiringSettings, readonly string[]]>([
  [{}, { factor: 1 }, []],
  [{ factor: 40 }, { factor: 40 }, []],
  [{}, { factor: 40 }, ['add /meters/1/factor 40']],
  [{ factor: 1 }, { factor: -1 }, ['replace /meters/1/factor -1']],
  [
    { factor: -1 },
    { factor: 1, invertPhases: ['L2'] },
    ['replace /meters/1/factor 1', 'add /meters/1/invertPhases "L2"'],
  ],
  [{ phases: 'L2 L1 L3' }, { factor: 1, phases: ['L2', 'L1', 'L3'] }, []],
  [{ phases: 'L2 L1 L3' }, { factor: 1, phases: ['L3', 'L1', 'L2'] }, ['replace /meters/1/phases "L3 L1 L2"']],
  [
    { phases: 'L2 L1 L3', invertPhases: 'L1' },
    { factor: 1 },
    ['remove /meters/1/phases undefined', 'remove /meters/1/invertPhases undefined'],
  ],
])('%j should say %j', (meter, settings, steps) => {
  const text = textWith(meter);
  const patch = patchFor(text, 'main', settings);
  expect(
    patch.map((step) => `${step.op} ${step.path} ${'value' in step ? JSON.stringify(step.value) : undefined}`),
  ).toEqual(steps);
  const changed = patchText(text, 'site.json', patch);
  if (!changed.ok) throw new Error(changed.faults.join('\n'));
  const after = goodSite(JSON.parse(changed.text)).site.meters.find(({ id }) => id === 'main')!;
  if (after.from !== 'modbus') throw new Error('no Modbus meter any more');
  // The file then means what was asked, and a second look finds nothing to change.
  expect(channelsOf(after, 3)).toEqual(channelsOf(settings, 3));
  expect(patchFor(changed.text, 'main', settings)).toEqual([]);
});

describe('the text', () => {
  test.each(['office', 'demo', 'garage', 'depot'])('of %s.json changes in the lines of the meter alone', (name) => {
    const file = join(repositoryRoot, 'site-config', `${name}.json`);
    const text = readFileSync(file, 'utf8');
    const id = JSON.parse(text).meters[0].id;
    const changed = patchText(text, file, patchFor(text, id, { factor: 40, phases: ['L2', 'L3', 'L1'] }));
    if (!changed.ok) throw new Error(changed.faults.join('\n'));
    const [before, after] = [text.split('\n'), changed.text.split('\n')];
    const left = before.filter((line) => !after.includes(line));
    const come = after.filter((line) => !before.includes(line));
    expect(left.length).toBeLessThanOrEqual(1);
    expect(come.length).toBeLessThanOrEqual(3);
    expect(come.join('\n')).toContain('"phases": "L2 L3 L1"');
  });

  test('with tabs keeps its tabs', () => {
    const text = JSON.stringify(JSON.parse(textWith({})), undefined, '\t');
    const changed = patchText(text, 'site.json', patchFor(text, 'main', { factor: 40 }));
    expect(changed.ok && changed.text).toContain('\n\t\t\t"factor": 40');
  });

  test('that would be a site with a fault is none', () => {
    const text = textWith({});
    const patch = [{ op: 'add', path: '/meters/1/factor', value: 0 }] as const;
    expect(patchText(text, 'site.json', patch)).toMatchObject({
      ok: false,
      faults: [expect.stringContaining('meters[1].factor')],
    });
  });
});
