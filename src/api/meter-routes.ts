// The route by which another program hands in what a meter shows; judged by the control room as every other meter is.

import type { z } from 'zod';
import type { Sample } from '../core/metering/sample.ts';
import type { Site } from '../core/model/site.ts';
import type { SiteMeter } from '../core/model/site-meters.ts';
import { PHASES, type PhaseAmps, type WallTime } from '../core/model/units.ts';
import type { PushOutcome } from '../engine/requests.ts';
import type { App } from './app-type.ts';
import { readingAnswer, readingBody, readingParams } from './meter-schemas.ts';
import { type Problem, sendProblem } from './problem.ts';
import { MIN_PUSH_GAP_MS, PushGate } from './push-gate.ts';
import { refusal } from './refusal.ts';
import type { ApiRoom } from './room.ts';
import { problem } from './schemas.ts';
import { readTime } from './site-time.ts';

const WATT_HOURS = 1_000;
const ZONED = /(?:[Zz]|[+-]\d\d:?\d\d)$/;
type Body = z.output<typeof readingBody>;
const problems = { 400: problem, 401: problem, 403: problem, 404: problem, 409: problem, 415: problem };
const refusals = { ...problems, 422: problem, 429: problem, 503: problem };

/** Adds the route; the caller's access is checked before. */
export function addMeterRoutes(app: App, room: ApiRoom): void {
  const gate = new PushGate();
  const schema = {
    summary: 'Hand in what a meter shows',
    description:
      'For a meter that has "push" in the site file. Readings come in the order in which they were measured, and no older than the meter’s age ' +
      'bound; one that cannot be true is refused, and the last good one only ages.',
    params: readingParams,
    body: readingBody,
    response: { 200: readingAnswer, ...refusals },
  };
  app.put('/api/v1/meters/:meter/reading', { schema }, async (request, reply) => {
    const meter = findMeter(room.options.site, request.params.meter);
    if ('status' in meter) return sendProblem(reply, meter);
    const missing = (meter.phases ?? PHASES).find((phase) => request.body.currentAmps[phase] === undefined);
    if (missing !== undefined) return sendProblem(reply, missingCurrent(missing));
    const time = timeOf(request.body.measuredAt);
    if (typeof time === 'object') return sendProblem(reply, time);
    const release = gate.admit(meter.id, room.clock.now());
    if (!release) return sendProblem(reply.header('retry-after', '1'), tooOften);
    const sample = sampleOf(request.body);
    const reading = { meter: meter.id, sample, ...(time === undefined ? {} : { measuredAtWall: time }) };
    const outcome = await room.push(reading).finally(release);
    if (outcome.ok) return { meter: meter.id, ageMs: outcome.ageMs };
    return sendProblem(reply, 'expected' in outcome ? refused(outcome) : refusal(outcome));
  });
}

function findMeter(site: Site, given: string): SiteMeter | Problem {
  const meter = site.meters.find((one) => one.id === given);
  const pushed = site.meters.filter((one) => one.from === 'push').map((one) => one.id);
  if (meter?.from === 'push') return meter;
  return {
    status: meter ? 409 : 404,
    title: meter ? 'Not a pushed meter' : 'No such meter',
    code: meter ? 'METER_NOT_PUSHED' : 'API_NOT_FOUND',
    detail: meter
      ? 'Its values come in another way; give it "push" in the site file.'
      : 'Name a meter of the site file.',
    field: 'meter',
    value: given,
    expected: pushed.length === 0 ? 'a meter with "push"; there are none' : `one of ${pushed.slice(0, 20).join(', ')}`,
  };
}

function missingCurrent(phase: string): Problem {
  const field = `currentAmps.${phase}`;
  return {
    status: 400,
    title: 'A field is missing',
    code: 'API_INPUT_INVALID',
    detail: `${field}: expected the current of each phase that the meter measures. Without it no fuse can be watched.`,
    field,
    value: null,
    expected: 'amperes, import positive',
  };
}

/** To the millisecond; the site's own clock is not asked, because it tells one hour twice a year. */
function timeOf(text: string | undefined): WallTime | undefined | Problem {
  if (text === undefined) return undefined;
  const time = ZONED.test(text) ? readTime(text, 'UTC') : undefined;
  if (time?.ok) {
    const fraction = Number(`0${/\.\d+/.exec(text)?.[0] ?? ''}`);
    return time.wall + Math.floor(fraction * 1_000);
  }
  const expected = 'ISO 8601 with a zone, such as 2026-03-02T05:30:00.250Z';
  return {
    status: 400,
    title: 'A field is wrong',
    code: 'API_INPUT_INVALID',
    detail: `measuredAt: expected ${expected}. Mend the field and send the request again.`,
    field: 'measuredAt',
    value: text,
    expected,
  };
}

const tooOften: Problem = {
  status: 429,
  title: 'Too many readings',
  code: 'METER_PUSHED_TOO_OFTEN',
  detail: 'The reading was not looked at. One a second is plenty.',
  expected: `readings of one meter at least ${MIN_PUSH_GAP_MS} ms apart`,
};

function refused({ code, text, expected }: Extract<PushOutcome, { ok: false }>): Problem {
  const status = code === 'METER_READING_ABSURD' ? 422 : 409;
  return { status, title: 'The reading is not believed', code, detail: `${text}.`, expected };
}

function sampleOf(body: Body): Sample {
  const { totalPowerWatts, energyImportKilowattHours, energyExportKilowattHours } = body;
  const volts = whole(body.volts);
  const powerWatts = whole(body.powerWatts);
  const { L1 = 0, L2 = 0, L3 = 0 } = body.currentAmps;
  return {
    currentAmps: { L1, L2, L3 },
    ...(volts ? { volts } : {}),
    ...(powerWatts ? { powerWatts } : {}),
    ...(totalPowerWatts === undefined ? {} : { totalPowerWatts }),
    ...(energyImportKilowattHours === undefined ? {} : { energyImportWh: energyImportKilowattHours * WATT_HOURS }),
    ...(energyExportKilowattHours === undefined ? {} : { energyExportWh: energyExportKilowattHours * WATT_HOURS }),
  };
}

/** Values on three phases; of fewer nothing is made. */
function whole(values: Body['volts']): PhaseAmps | undefined {
  const { L1, L2, L3 } = values ?? {};
  return L1 === undefined || L2 === undefined || L3 === undefined ? undefined : { L1, L2, L3 };
}
