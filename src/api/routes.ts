// The routes under /api/v1 and the probes; each only reads the room or hands one wish to the control room.

import type { OutgoingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Circuit, Site } from '../core/model/site.ts';
import { PHASES } from '../core/model/units.ts';
import type { ControlRequest } from '../engine/requests.ts';
import type { App } from './app-type.ts';
import { addMeterRoutes } from './meter-routes.ts';
import { renderMetrics } from './metrics.ts';
import { type Problem, sendProblem } from './problem.ts';
import { noCycleYet, refusal } from './refusal.ts';
import type { ApiRoom, AskOutcome } from './room.ts';
import {
  circuitParams,
  healthView,
  historyView,
  limitAnswer,
  limitBody,
  problem,
  siteView,
  stateView,
} from './schemas.ts';
import { addStopRoutes } from './stop-routes.ts';
import { MAX_STREAM_CLIENTS } from './stream.ts';
import { viewCaps, viewSite } from './view.ts';
import { addWishRoutes } from './wish-routes.ts';

/** With no cycle for this long the controller counts as dead. */
export const CYCLE_SILENCE_MS = 10_000;

const refusals = { 400: problem, 401: problem, 403: problem, 404: problem, 409: problem, 415: problem, 503: problem };

/** Adds every route; the caller's access is checked before. */
export function addRoutes(app: App, room: ApiRoom): void {
  addReads(app, room);
  addStream(app, room);
  addWrites(app, room);
  addStopRoutes(app, room);
  addWishRoutes(app, room);
  addMeterRoutes(app, room);
  addProbes(app, room);
}

function addReads(app: App, room: ApiRoom): void {
  const site = viewSite(room.options.site);
  app.get(
    '/api/v1/site',
    { schema: { summary: 'The commissioned site', response: { 200: siteView, 401: problem } } },
    async () => site,
  );
  app.get(
    '/api/v1/state',
    { schema: { summary: 'The latest cycle', response: { 200: stateView, 401: problem, 503: problem } } },
    async (_request, reply) => {
      const latest = room.latest();
      return latest ? { ...latest.view, ageMs: room.silenceMs() } : sendProblem(reply, noCycleYet);
    },
  );
  app.get(
    '/api/v1/history',
    {
      schema: {
        summary: "The root circuit's last 15 minutes",
        response: { 200: historyView, 401: problem },
      },
    },
    async () => room.history.view(),
  );
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

function addStream(app: App, room: ApiRoom): void {
  app.get(
    '/api/v1/stream',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Live states as server-sent events',
        description:
          'One event "cycle" per cycle with the same JSON as /api/v1/state; its id is <epoch>-<cycle>. The newest state comes first at once; ' +
          'Last-Event-ID is not needed, because every event is whole. A slow listener gets the newest state only.',
        response: { 200: z.string().describe('text/event-stream'), 401: problem, 503: problem },
      },
    },
    async (_request, reply) => {
      if (room.stream.isFull)
        return sendProblem(reply.header('retry-after', '5'), {
          status: 503,
          title: 'Too many listeners',
          code: 'API_STREAM_FULL',
          detail: `Close one of the ${MAX_STREAM_CLIENTS} open pages, or read /api/v1/state instead.`,
          expected: `at most ${MAX_STREAM_CLIENTS} listeners`,
        });
      const headers = reply.getHeaders();
      reply.hijack();
      reply.raw.writeHead(200, {
        ...(headers as OutgoingHttpHeaders),
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
      });
      room.stream.add(reply.raw, room.latest()?.event);
      return reply;
    },
  );
}

function addWrites(app: App, room: ApiRoom): void {
  const { site } = room.options;
  const url = '/api/v1/circuits/:circuit/limit';
  app.put(
    url,
    {
      schema: {
        summary: 'Limit a circuit from the next cycle on',
        description:
          'Replaces the limit set here before. It can only tighten: ratings and every other limit stay in force.',
        params: circuitParams,
        body: limitBody,
        response: { 200: limitAnswer, ...refusals },
      },
    },
    async (request, reply) => {
      const { limitAmps, limitKilowatts, untilMinutes, note } = request.body;
      const circuit = site.circuits.find((one) => one.id === request.params.circuit);
      if (!circuit) return sendProblem(reply, unknownCircuit(request.params.circuit, site));
      const tooHigh = aboveRating(circuit, site, request.body);
      if (tooHigh) return sendProblem(reply, tooHigh);
      const outcome = await room.ask({
        kind: 'set-circuit-limit',
        circuit: circuit.id,
        ...(limitAmps === undefined ? {} : { limitAmps }),
        ...(limitKilowatts === undefined ? {} : { limitWatts: limitKilowatts * 1000 }),
        ...(untilMinutes === undefined ? {} : { untilMs: room.clock.now() + untilMinutes * 60_000 }),
        who: request.who,
        ...(note === undefined ? {} : { note }),
      });
      return outcome.ok ? answer(room, circuit.id, outcome) : sendProblem(reply, refusal(outcome));
    },
  );
  app.delete(
    url,
    {
      schema: {
        summary: 'Clear the limit set here',
        params: circuitParams,
        response: { 200: limitAnswer, ...refusals },
      },
    },
    async (request, reply) => {
      const circuit = site.circuits.find((one) => one.id === request.params.circuit);
      if (!circuit) return sendProblem(reply, unknownCircuit(request.params.circuit, site));
      const wish: ControlRequest = { kind: 'clear-circuit-limit', circuit: circuit.id, who: request.who };
      const outcome = await room.ask(wish);
      return outcome.ok ? answer(room, circuit.id, outcome) : sendProblem(reply, refusal(outcome));
    },
  );
}

function addProbes(app: App, room: ApiRoom): void {
  const probe = (summary: string) => ({
    schema: { summary, response: { 200: healthView, 503: healthView, 401: problem } },
  });
  const cycleAge = () => (room.latest() ? { cycleAgeMs: room.silenceMs() } : {});
  app.get('/healthz', probe('Does the controller live? 503 with no cycle for 10 s'), async (_request, reply) => {
    const isReady = room.silenceMs() < CYCLE_SILENCE_MS;
    return reply.code(isReady ? 200 : 503).send({ isReady, ...cycleAge(), parts: [] });
  });
  app.get('/readyz', probe('Is every part of the controller ready?'), async (_request, reply) => {
    const parts = [...room.options.health()];
    const hasCycle = room.latest() !== undefined && room.silenceMs() < CYCLE_SILENCE_MS;
    const isReady = hasCycle && parts.every((part) => part.isReady);
    return reply.code(isReady ? 200 : 503).send({ isReady, ...cycleAge(), parts });
  });
  app.get(
    '/metrics',
    { schema: { summary: 'Prometheus metrics', produces: ['text/plain'] } },
    async (_request, reply) => {
      const latest = room.latest();
      reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      return renderMetrics({
        ...(latest ? { latest: latest.record, cycleAgeMs: room.silenceMs() } : {}),
        streamClients: room.stream.size,
        skippedEvents: room.stream.skippedEvents,
      });
    },
  );
}

function answer(room: ApiRoom, circuit: string, outcome: Extract<AskOutcome, { ok: true }>) {
  const moment = { now: room.clock.now(), wallNow: room.clock.wall() };
  return { circuit, takesEffect: 'with the next cycle' as const, caps: viewCaps(outcome.caps, moment) };
}

function unknownCircuit(given: string, site: Site): Problem {
  const known = site.circuits.map((circuit) => circuit.id);
  const shown = known.slice(0, 20).join(', ');
  return {
    status: 404,
    title: 'No such circuit',
    code: 'API_NOT_FOUND',
    detail: 'Name a circuit of /api/v1/site.',
    field: 'circuit',
    value: given,
    expected: `one of ${shown}${known.length > 20 ? ', …' : ''}`,
  };
}

/** Above the commissioned fuse nothing can be asked for: it would do nothing, and whoever asks is mistaken about the site. */
function aboveRating(
  circuit: Circuit,
  site: Site,
  body: { readonly limitAmps?: number | undefined; readonly limitKilowatts?: number | undefined },
): Problem | undefined {
  const maxAmps = Math.max(...PHASES.map((phase) => circuit.ratingAmps[phase]));
  const ratingWatts = PHASES.reduce((sum, phase) => sum + circuit.ratingAmps[phase] * site.nominalVolts, 0);
  const maxKilowatts = Math.min(circuit.limitWatts ?? ratingWatts, ratingWatts) / 1000;
  const isAbove = (value: number | undefined, most: number) => value !== undefined && value > most + 1e-9;
  const tell = (field: string, value: number, expected: string): Problem => ({
    status: 400,
    title: 'Above the rating',
    code: 'API_ABOVE_RATING',
    detail: `${circuit.name} is rated for ${expected}. A limit here can only tighten; the rating itself is changed in the site file.`,
    field,
    value,
    expected: `0 to ${expected}`,
  });
  if (isAbove(body.limitAmps, maxAmps)) return tell('limitAmps', body.limitAmps!, `${maxAmps} A per phase`);
  if (isAbove(body.limitKilowatts, maxKilowatts))
    return tell('limitKilowatts', body.limitKilowatts!, `${Number(maxKilowatts.toFixed(2))} kW`);
  return undefined;
}
