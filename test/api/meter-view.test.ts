// What people and Prometheus are shown of every meter: its way, what it measures, what it shows, its age and its trouble, and no address.
import { expect, test } from 'vitest';
import { renderMetrics } from '../../src/api/metrics.ts';
import { viewSite, viewState } from '../../src/api/view.ts';
import type { SiteMeter } from '../../src/core/model/site-meters.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { cycleRecord, T0 } from '../support/cycle-record.ts';
import { buildSite } from '../support/site-builder.ts';

const [modbus] = buildSite().meters as [SiteMeter];
const told = { maxAgeMs: 10_000, plausibleAmps: 100 };
const meters: readonly SiteMeter[] = [
  { ...modbus, id: 'a', name: 'A' },
  { from: 'combined', id: 'main', name: 'Main', members: ['a', 'hall'] },
  { from: 'push', id: 'hall', name: 'Hall', ...told },
  {
    from: 'mqtt',
    id: 'roof',
    name: 'Roof',
    of: 'pv',
    phases: ['L1'],
    ...told,
    broker: { url: 'mqtts://broker.example', passwordEnv: 'MQTT_PASSWORD' },
    topic: 'secret/topic',
    payload: { currentAmps: { L1: { pointer: '/i', factor: 1 } } },
  },
  { from: 'station', id: 'garage', name: 'Garage', of: 'load', station: 'A', ...told },
];
const site = buildSite({ meters });
const now = T0 + 1_000;
const record = cycleRecord(site, {
  snapshot: {
    meters: {
      a: { reading: { currentAmps: { L1: 1, L2: 2, L3: 3 }, powerWatts: onEachPhase(100), measuredAt: now - 2_500 } },
      main: {
        reading: { currentAmps: onEachPhase(3), totalPowerWatts: 2_000, measuredAt: now - 500 },
        suspicion: { kind: 'disagrees', detail: 'A is odd', since: T0 },
      },
      hall: {
        reading: {
          currentAmps: onEachPhase(3),
          measuredAt: now - 9_000,
          until: { fresh: now + 1_000, held: now + 6_000 },
        },
      },
      roof: {
        reading: { currentAmps: onEachPhase(-9), measuredAt: now - 4_000 },
        suspicion: { kind: 'unreachable', detail: 'x'.repeat(400), since: T0 },
      },
    },
  },
});

test('the site tells each meter’s way and what it measures, without broker, topic and address', () => {
  const view = viewSite(site);
  expect(view.meters).toEqual([
    { id: 'a', name: 'A', from: 'modbus' },
    { id: 'main', name: 'Main', from: 'combined', members: ['a', 'hall'] },
    { id: 'hall', name: 'Hall', from: 'push' },
    { id: 'roof', name: 'Roof', from: 'mqtt', of: 'pv', phases: ['L1'] },
    { id: 'garage', name: 'Garage', from: 'station', of: 'load' },
  ]);
  expect(JSON.stringify(view)).not.toMatch(/broker|topic|127\.0\.0\.1|PASSWORD/);
});

test('the state tells what each shows, how old it is by its own ages, and its trouble, clipped', () => {
  const [a, main, hall, roof, garage] = viewState(record, site).meters;
  expect(a).toEqual({ id: 'a', state: 'ageing', ageMs: 2_500, currentAmps: { L1: 1, L2: 2, L3: 3 }, powerWatts: 300 });
  expect(main).toMatchObject({ state: 'fresh', powerWatts: 2_000, trouble: 'disagrees: A is odd' });
  expect(hall).toEqual({ id: 'hall', state: 'fresh', ageMs: 9_000, currentAmps: onEachPhase(3) });
  expect(roof).toMatchObject({ state: 'lost', ageMs: 4_000 });
  expect(roof!.trouble!.length).toBe(300);
  expect(garage).toEqual({ id: 'garage', state: 'lost' });
});

test('metrics give currents, power, age and suspicion by meter', () => {
  const page = renderMetrics({ latest: record, streamClients: 0, skippedEvents: 0 });
  for (const line of [
    'busbar_meter_current_amperes{meter="a",phase="L2"} 2',
    'busbar_meter_current_amperes{meter="roof",phase="L1"} -9',
    'busbar_meter_power_watts{meter="main"} 2000',
    'busbar_meter_age_seconds{meter="hall"} 9',
    'busbar_meter_suspect{meter="hall"} 0',
    'busbar_meter_suspect{meter="main"} 1',
  ])
    expect(page.split('\n')).toContain(line);
  expect(page).not.toContain('busbar_meter_age_seconds{meter="garage"}');
});
