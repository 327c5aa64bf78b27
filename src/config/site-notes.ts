// What a person should know about a site that is in order: nothing here stops it from running.

import { worstOf } from '../core/allocate/base-loads.ts';
import type { Circuit, Site } from '../core/model/site.ts';
import type { SiteMeter } from '../core/model/site-meters.ts';
import { PHASES } from '../core/model/units.ts';
import { inputNotes } from './input-notes.ts';
import { groupNotes, limitNotes } from './limit-notes.ts';
import { isLoopback } from './loopback.ts';
import type { Note } from './note.ts';
import { modbusServerNotes } from './site-modbus-server.ts';

/** Stations that one note names; the rest are counted. */
const MAX_NAMED = 12;
/** Readings up to this age are as those of a meter that is polled, and late for a while. */
const SLOW_METER_MS = 5_000;

/** Notes in the file's order; `floorProvedOn` by station id. */
export function noteSite(site: Site, floorProvedOn: ReadonlyMap<string, string>): readonly Note[] {
  return [
    ...circuitNotes(site),
    ...meterNotes(site),
    ...inputNotes(site),
    ...keyNotes(site),
    ...stationNotes(site, floorProvedOn),
    ...isolationNotes(site),
    ...groupNotes(site),
    ...listenNotes(site),
    ...modbusServerNotes(site),
  ];
}

function circuitNotes(site: Site): Note[] {
  const byId = new Map(site.circuits.map((circuit) => [circuit.id, circuit]));
  const ofLimits = limitNotes(site);
  return site.circuits.flatMap((circuit): Note[] => {
    const about = `circuit ${circuit.id}`;
    const parent = circuit.parent === undefined ? undefined : byId.get(circuit.parent);
    const above = parent && PHASES.find((phase) => circuit.ratingAmps[phase] > parent.ratingAmps[phase]);
    const notes: Note[] = [];
    if (parent !== undefined && above !== undefined) {
      const ratings = `${circuit.ratingAmps[above]} A on ${above} is above the ${parent.ratingAmps[above]} A of "${parent.id}"`;
      notes.push({ about, text: `its rating of ${ratings} that feeds it; the smaller one rules.` });
    }
    if (
      circuit.meter === undefined &&
      circuit.sum === undefined &&
      PHASES.some((phase) => circuit.worstBaseLoadAmps[phase] > 0)
    ) {
      notes.push({ about, text: 'no meter measures it: its other loads are taken at their allowance.' });
    }
    const crowded = diversePhase(circuit, site);
    if (crowded !== undefined) {
      notes.push({
        about,
        text: `the worst base loads of its sub-circuits add up to more than its own on ${crowded}; be sure that they never meet.`,
      });
    }
    return [...notes, ...(ofLimits.get(circuit.id) ?? []).map((text) => ({ about, text }))];
  });
}

function diversePhase(circuit: Circuit, site: Site) {
  const children = site.circuits.filter((one) => one.parent === circuit.id);
  return PHASES.find((phase) => {
    const together = children.reduce((total, child) => total + child.worstBaseLoadAmps[phase], 0);
    return together > circuit.worstBaseLoadAmps[phase];
  });
}

function meterNotes(site: Site): Note[] {
  const used = new Set<string | undefined>([
    ...site.circuits.flatMap(({ meter, sum }) => [meter, ...(sum?.meters ?? [])]),
    ...site.meters.flatMap((meter) => (meter.from === 'combined' ? meter.members : [])),
  ]);
  const boundless = new Set(site.circuits.flatMap(({ sum }) => sum?.meters ?? []));
  return site.meters.flatMap((meter): Note[] => {
    const about = `meter ${meter.id}`;
    const notes = sourceNotes(meter).map((text) => ({ about, text }));
    if (!used.has(meter.id)) {
      const text =
        meter.of === undefined
          ? 'it measures no circuit: name it as the meter of one, or take it out.'
          : 'it is shown, and nothing is decided by it.';
      return [...notes, { about, text }];
    }
    if (!boundless.has(meter.id) || worstOf(meter) !== undefined) return notes;
    return [
      ...notes,
      { about, text: 'it has no worstAmps: while it is lost, the worst of the whole circuit is taken.' },
    ];
  });
}

/** What its way of coming by values means. */
function sourceNotes(meter: SiteMeter): string[] {
  if (meter.from === 'modbus' || meter.from === 'combined') return [];
  const slow = meter.maxAgeMs > SLOW_METER_MS && meter.of !== 'pv';
  const isOpen =
    meter.from === 'mqtt' && meter.broker.url.startsWith('mqtt:') && !isLoopback(new URL(meter.broker.url).hostname);
  return [
    ...(slow ? [`its readings may be ${meter.maxAgeMs / 1_000} s old: a load that rises is met that much later.`] : []),
    ...(isOpen ? ['its values cross the network without TLS: whoever can write there decides what is believed.'] : []),
  ];
}

/** One note for all: a site of 500 new stations is one thing to do, not 500. */
function keyNotes(site: Site): Note[] {
  // A client certificate is a proof of its own.
  if (site.listen.stations.tls?.clientCaFile !== undefined) return [];
  const keyless = site.stations.filter((station) => station.keySha256 === undefined).map((station) => station.id);
  const [first] = keyless;
  if (first === undefined) return [];
  const [about, subject] =
    keyless.length === 1
      ? [`station ${first}`, 'it has no keySha256 and']
      : [
          `${keyless.length} stations`,
          `${keyless.slice(0, MAX_NAMED).join(', ')}${keyless.length > MAX_NAMED ? ', …' : ''} have no keySha256 and`,
        ];
  const advice = `Run "busbar key ${first}", set the key in the station and the line in this file`;
  return [{ about, text: `${subject} may not connect outside the demo. ${advice}.` }];
}

function stationNotes(site: Site, floorProvedOn: ReadonlyMap<string, string>): Note[] {
  return site.stations.flatMap((station): Note[] => {
    const about = `station ${station.id}`;
    const notes: Note[] = [];
    const proved = floorProvedOn.get(station.id);
    if (proved !== undefined) {
      notes.push({
        about,
        text: `its floor counts as proved by the test on site of ${proved}; repeat the test after a firmware update.`,
      });
    } else if (!station.profile.holdsFloor) {
      notes.push({
        about,
        text: `a ${station.profile.id} is not proved to hold its floor: it counts at its hardware maximum when silent.`,
      });
    }
    return notes;
  });
}

/** One note for all stations that the operator will hear nothing of. */
function isolationNotes(site: Site): Note[] {
  if (site.upstream === undefined) return [];
  const isolated = site.stations.filter(({ ocpp }) => ocpp?.[0] === '2.0.1').map(({ id }) => id);
  const [first] = isolated;
  if (first === undefined) return [];
  const isOne = isolated.length === 1;
  const about = isOne ? `station ${first}` : `${isolated.length} stations`;
  const named = `${isolated.slice(0, MAX_NAMED).join(', ')}${isolated.length > MAX_NAMED ? ', …' : ''} speak`;
  const text = `${isOne ? 'it speaks' : named} OCPP 2.0.1: controlled here and not relayed to the operator, as in 1.6 it would be.`;
  return [{ about, text }];
}

function listenNotes(site: Site): Note[] {
  const { stations, http } = site.listen;
  const keys = stations.tls === undefined ? "; without tls the stations' keys cross it in the clear" : '';
  return [
    { name: 'stations', listen: stations, more: keys },
    { name: 'http', listen: http, more: '' },
  ]
    .filter(({ listen }) => !isLoopback(listen.host))
    .map(({ name, listen, more }) => ({
      about: `listen.${name}`,
      text: `${listen.host}:${listen.port} can be reached from other machines; keep it in the charger network, behind its firewall${more}.`,
    }));
}
