// The site file as an electrician writes it, field by field; what the fields mean together is checked after this, never here.

import * as z from 'zod';
import { loadSumForm } from './load-sum-form.ts';
import { ocppVersionsForm } from './ocpp-versions.ts';
import { policyForm } from './policy-form.ts';
import {
  above0,
  ampsAbove0,
  ampsFrom0,
  host,
  kilovoltAmperesAbove0,
  kilowattsAbove0,
  name,
  pattern,
  perPhase,
  phaseList,
  plainId,
  port,
  strict,
  wholeWithin,
  within,
  words,
} from './shape.ts';

/** What a station calls itself in its URL (OCPP-J 1.6 §3.1.1), kept to characters that need no escaping in a path or a log. */
export const STATION_IDENTITY = /^[A-Za-z0-9_.=*+@-]{1,48}$/;

/** Larger sites are split: one controller answers for all EVSEs of its file within one cycle. */
export const MAX_CIRCUITS = 1_000;
export const MAX_METERS = 250;
export const MAX_BUSES = 100;
export const MAX_INPUTS = 100;
export const MAX_OUTPUTS = 100;
export const MAX_STATIONS = 5_000;
export const MAX_EVSES_PER_STATION = 64;
/** Each is a few rows of every cycle's program. */
export const MAX_GROUPS = 200;
/** VDE-AR-N 4100 allows 20 A; more than this is no bound on any connection with chargers. */
const MAX_UNBALANCE_AMPS = 1_000;

export const baseLoadForm = strict(
  {
    worstAmps: perPhase(ampsFrom0),
    allowanceAmps: perPhase(ampsFrom0).optional(),
    usesGeneration: z.boolean({ error: 'true or false' }).optional(),
    sum: loadSumForm.optional(),
  },
  'the loads other than cars: worstAmps, allowanceAmps, usesGeneration and sum',
);

export const circuitForm = strict(
  {
    id: plainId,
    name,
    parent: plainId.optional(),
    ratingAmps: perPhase(ampsAbove0),
    marginAmps: perPhase(ampsFrom0).optional(),
    marginPercent: within(0, 100, 'a percentage from 0 to 100').optional(),
    limitKilowatts: kilowattsAbove0.optional(),
    limitKilovoltAmperes: kilovoltAmperesAbove0.optional(),
    unbalanceAmps: within(0, MAX_UNBALANCE_AMPS, `a number of amperes from 0 to ${MAX_UNBALANCE_AMPS}`).optional(),
    baseLoad: baseLoadForm,
    meter: plainId.optional(),
  },
  'a circuit',
).superRefine((form, context) => {
  if (form.marginAmps !== undefined && form.marginPercent !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['marginPercent'],
      message: 'no marginPercent beside marginAmps: give one',
    });
  }
});

const phasesText = 'the grid phases behind its own L1, L2, L3, each once, such as "L1 L2 L3", "L2 L3 L1" or "L3"';
const phases = phaseList(phasesText);

export const evseForm = strict(
  {
    number: wholeWithin(1, 1_000, 'a whole number from 1 to 1000: OCPP 2.x evseId, OCPP 1.6 connectorId').optional(),
    name,
    circuit: plainId,
    phases: phases.optional(),
    maxAmps: ampsAbove0.optional(),
    minAmps: within(6, 1_000, 'a number of amperes from 6 (IEC 61851-1: less is a pause)').optional(),
    floorAmps: ampsFrom0.optional(),
    dc: strict(
      {
        maxKilowatts: kilowattsAbove0,
        minKilowatts: kilowattsAbove0,
        floorKilowatts: within(0, 10_000, 'a number of kilowatts from 0').optional(),
        efficiency: above0(1, 'a number above 0 and at most 1, such as 0.92').default(0.92),
      },
      'a DC supply: maxKilowatts, minKilowatts, floorKilowatts, efficiency',
    ).optional(),
    priority: wholeWithin(0, 9, 'a whole number from 0 to 9, higher is served first').default(0),
    weight: above0(100, 'a number above 0 and at most 100').default(1),
  },
  'an EVSE',
).superRefine((form, context) => {
  const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (form.dc === undefined) {
    if (form.phases === undefined) add('phases', `${phasesText}; or "dc" for a DC EVSE`);
    if (form.maxAmps === undefined) add('maxAmps', 'the most that the hardware can draw, in amperes per phase');
    return;
  }
  for (const field of ['maxAmps', 'minAmps', 'floorAmps'] as const) {
    if (form[field] !== undefined) add(field, 'no amperes for a DC EVSE: its dc gives kilowatts');
  }
});

export const stationForm = strict(
  {
    id: pattern(STATION_IDENTITY, "the identity in the station's URL: 1 to 48 letters, digits or _ . = * + @ -"),
    name,
    model: plainId,
    ocpp: ocppVersionsForm.optional(),
    keySha256: pattern(/^[0-9a-f]{64}$/, '64 hex digits in lower case, as printed by "busbar key"').optional(),
    floorProvedOn: z.iso.date({ error: 'the date of the test on site, such as "2026-11-20"' }).optional(),
    evses: z
      .array(z.unknown(), { error: 'a list of EVSEs' })
      .min(1, { error: 'at least one EVSE' })
      .max(MAX_EVSES_PER_STATION, { error: `at most ${MAX_EVSES_PER_STATION} EVSEs` }),
  },
  'a station',
);

const list = (what: string, least: number, most: number) =>
  z
    .array(z.unknown(), { error: `a list of ${what}` })
    .min(least, { error: `at least ${least} of the ${what}` })
    .max(most, { error: `at most ${most} ${what}` });
const listenForm = strict({ host: host.optional(), port: port.optional() }, 'host and port');
const pemFile = words('the path of a PEM file, as seen from the site file');

export const tlsForm = strict(
  { certificateFile: pemFile, keyFile: pemFile, clientCaFile: pemFile.optional() },
  'certificateFile, keyFile and, for client certificates, clientCaFile',
);

const stationsListenForm = strict(
  { host: host.optional(), port: port.optional(), tls: tlsForm.optional() },
  'host, port and tls',
);

/** The file's top level; the members of its lists are checked one by one, so that one bad circuit hides no other fault. */
export const siteForm = strict(
  {
    id: plainId,
    name,
    timezone: words('an IANA time zone such as "Europe/Berlin"').refine(isTimeZone, {
      error: 'an IANA time zone such as "Europe/Berlin"',
    }),
    nominalVolts: within(100, 400, 'the voltage from phase to neutral, from 100 to 400 V').default(230),
    circuits: list('circuits', 1, MAX_CIRCUITS),
    buses: list('buses', 0, MAX_BUSES).optional(),
    meters: list('meters', 0, MAX_METERS).optional(),
    inputs: list('inputs', 0, MAX_INPUTS).optional(),
    outputs: list('outputs', 0, MAX_OUTPUTS).optional(),
    stations: list('stations', 1, MAX_STATIONS),
    groups: list('groups', 0, MAX_GROUPS).optional(),
    upstream: strict(
      {
        url: words('a ws:// or wss:// address').refine(isUpstreamUrl, {
          error:
            'a ws:// or wss:// address without user, password, query or fragment; the password belongs in passwordEnv',
        }),
        passwordEnv: pattern(
          /^[A-Z_][A-Z0-9_]*$/,
          'the name of an environment variable, such as CSMS_PASSWORD',
        ).optional(),
      },
      'the CSMS behind Busbar: url and passwordEnv',
    ).optional(),
    policy: policyForm.optional(),
    listen: strict(
      { stations: stationsListenForm.optional(), http: listenForm.optional() },
      'stations and http',
    ).optional(),
    modbusServer: z.unknown().optional(),
  },
  'a site',
);

export type CircuitForm = z.output<typeof circuitForm>;
export type EvseForm = z.output<typeof evseForm>;
export type StationForm = z.output<typeof stationForm>;
export type TlsForm = z.output<typeof tlsForm>;
export type SiteForm = z.output<typeof siteForm>;

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    // Intl throws for a zone that it does not know: that is the answer.
    return false;
  }
}

function isUpstreamUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '' && url.host !== '';
}
