// What a fleet or a person wishes for the car at an EVSE, over HTTP: reads the latest cycle, hands changes to the control room.

import type { Evse, Site } from '../core/model/site.ts';
import type { App } from './app-type.ts';
import { type Problem, sendProblem } from './problem.ts';
import { noCycleYet, refusal } from './refusal.ts';
import type { ApiRoom, AskOutcome } from './room.ts';
import { problem } from './schemas.ts';
import { readTime } from './site-time.ts';
import { wishAnswer, wishBody, wishChangeAnswer, wishParams } from './wish-schemas.ts';
import { tellWish, viewKeptWish } from './wish-view.ts';

/** An EVSE's own id has a slash in it, which clients and proxies write in more than one way; its two parts have none. */
const URL = '/api/v1/stations/:station/evses/:evse/wish';
const refusals = { 400: problem, 401: problem, 403: problem, 404: problem, 409: problem, 415: problem, 503: problem };
/** The control room's fields under the names that they have in a body, and their value there. */
const FIELDS: { readonly [field: string]: 'energyKilowattHours' | 'departure' | 'priority' } = {
  energyWh: 'energyKilowattHours',
  departureWall: 'departure',
  priority: 'priority',
};

/** Adds the routes; the caller's access is checked before. */
export function addWishRoutes(app: App, room: ApiRoom): void {
  addRead(app, room);
  addSet(app, room);
  addClear(app, room);
}

function addRead(app: App, room: ApiRoom): void {
  const { site } = room.options;
  const schema = {
    summary: 'What is wished for the car at an EVSE',
    description: 'As the latest cycle went by it; a wish that was just set is in it within a second.',
    params: wishParams,
    response: { 200: wishAnswer, 401: problem, 404: problem, 503: problem },
  };
  app.get(URL, { schema }, async (request, reply) => {
    const evse = findEvse(site, request.params);
    if ('status' in evse) return sendProblem(reply, evse);
    const latest = room.latest();
    if (!latest) return sendProblem(reply, noCycleYet);
    const wish = latest.view.evses.find((one) => one.id === evse.id)?.wish;
    return { evse: evse.id, ...(wish === undefined ? {} : { wish: tellWish(wish, site.timezone) }) };
  });
}

function addSet(app: App, room: ApiRoom): void {
  const { site } = room.options;
  const schema = {
    summary: 'Wish something for the car at an EVSE, from the next cycle on',
    description:
      'Replaces the wish that was set here before, as a whole. It belongs to the transaction that runs now, and is gone when that ends; where ' +
      'none runs, to the next one, for which it waits until 24 hours after its departure, and for 24 hours without one. It loosens no limit.',
    params: wishParams,
    body: wishBody,
    response: { 200: wishChangeAnswer, ...refusals },
  };
  app.put(URL, { schema }, async (request, reply) => {
    const evse = findEvse(site, request.params);
    if ('status' in evse) return sendProblem(reply, evse);
    const { energyKilowattHours, departure, onlySurplus, priority, note } = request.body;
    const time = departure === undefined ? undefined : readTime(departure, site.timezone);
    if (time?.ok === false) return sendProblem(reply, noSuchTime(departure, time.expected));
    const outcome = await room.ask({
      kind: 'set-wish',
      evse: evse.id,
      ...(energyKilowattHours === undefined ? {} : { energyWh: energyKilowattHours * 1_000 }),
      ...(time === undefined ? {} : { departureWall: time.wall }),
      ...(onlySurplus === undefined ? {} : { onlySurplus }),
      ...(priority === undefined ? {} : { priority }),
      who: request.who,
      ...(note === undefined ? {} : { note }),
    });
    return outcome.ok ? changed(evse, outcome, site) : sendProblem(reply, located(outcome, request.body));
  });
}

function addClear(app: App, room: ApiRoom): void {
  const { site } = room.options;
  const schema = {
    summary: 'Take the wish at an EVSE back',
    params: wishParams,
    response: { 200: wishChangeAnswer, ...refusals },
  };
  app.delete(URL, { schema }, async (request, reply) => {
    const evse = findEvse(site, request.params);
    if ('status' in evse) return sendProblem(reply, evse);
    const outcome = await room.ask({ kind: 'clear-wish', evse: evse.id, who: request.who });
    return outcome.ok ? changed(evse, outcome, site) : sendProblem(reply, refusal(outcome));
  });
}

function changed(evse: Evse, { wish }: Extract<AskOutcome, { ok: true }>, site: Site) {
  return {
    evse: evse.id,
    takesEffect: 'with the next cycle' as const,
    ...(wish === undefined ? {} : { wish: tellWish(viewKeptWish(wish), site.timezone) }),
  };
}

/** A refusal of one of the body's fields, in the words in which the caller wrote it. */
function located(outcome: Extract<AskOutcome, { ok: false }>, body: { readonly [field: string]: unknown }): Problem {
  const plain = refusal(outcome);
  const field = FIELDS[plain.field ?? ''];
  return field === undefined
    ? plain
    : { ...plain, status: 400, title: 'A field is wrong', field, value: body[field] ?? null };
}

function noSuchTime(value: unknown, expected: string): Problem {
  return {
    status: 400,
    title: 'A field is wrong',
    code: 'API_INPUT_INVALID',
    detail: `departure: expected ${expected}. Mend the field and send the request again.`,
    field: 'departure',
    value,
    expected,
  };
}

function findEvse(site: Site, given: { readonly station: string; readonly evse: string }): Evse | Problem {
  const ofStation = site.evses.filter((one) => one.station === given.station);
  const found = ofStation.find((one) => String(one.number) === given.evse);
  if (found) return found;
  const isStation = ofStation.length > 0;
  const known = isStation ? ofStation.map((one) => String(one.number)) : site.stations.map((one) => one.id);
  return {
    status: 404,
    title: isStation ? 'No such EVSE' : 'No such station',
    code: 'API_NOT_FOUND',
    detail: isStation ? `Name an EVSE of station ${given.station}.` : 'Name a station of /api/v1/site.',
    field: isStation ? 'evse' : 'station',
    value: isStation ? given.evse : given.station,
    expected: `one of ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}`,
  };
}
