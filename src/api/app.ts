// The HTTP surface: who is heard, which headers go out, and the shell round the routes; nothing is served before the caller is checked.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import fastifySwagger from '@fastify/swagger';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { checkAccess, isSameOrigin } from './access.ts';
import type { App } from './app-type.ts';
import { mediaTypeProblem, problemHandler, sendProblem } from './problem.ts';
import type { ApiRoom } from './room.ts';
import { addRoutes } from './routes.ts';

export const BODY_LIMIT_BYTES = 16 * 1024;
/** Sockets beyond this are closed on arrival, so that a thousand open pages cannot starve the machine. */
export const MAX_CONNECTIONS = 100;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_SOCKET_MS = 30_000;

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Builds the application; it listens to nothing yet. */
export async function buildApp(room: ApiRoom): Promise<App> {
  const app: App = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: IDLE_SOCKET_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_SOCKET_MS,
    forceCloseConnections: true,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: 8 * 1024 },
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = MAX_CONNECTIONS;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(problemHandler(room.log));
  readOnlyJson(app);

  app.decorateRequest('who', '');
  app.addHook('onRequest', async (request, reply) => guard(room, request, reply));

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Busbar',
        version: '1',
        description: 'Load management for EV charging sites. Amperes are per phase; import and charging are positive.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  });
  addRoutes(app, room);

  const { consoleDir } = room.options;
  const hasConsole = existsSync(join(consoleDir, 'index.html'));
  if (hasConsole)
    await app.register(fastifyStatic, {
      root: consoleDir,
      cacheControl: false,
      dotfiles: 'ignore',
      schemaHide: true,
      setHeaders: (reply, path) => {
        // Names of assets carry a hash of their content; the page itself must always be asked for.
        const isHashed = path.startsWith(join(consoleDir, 'assets'));
        reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  else room.log.warn('api.console-missing', { code: 'API_CONSOLE_MISSING', consoleDir });
  app.setNotFoundHandler((request, reply) => notFound(request, reply, hasConsole));
  return app;
}

/** JSON is the only body; an empty one is no body at all, so that DELETE may carry the header alone. */
function readOnlyJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body, done);
  });
}

/** Law 9: runs before anything else for every path, the page and unknown ones included. */
function guard(room: ApiRoom, request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  reply.headers(SECURITY_HEADERS);
  reply.header('cache-control', 'no-store');
  const caller = { remoteAddress: request.raw.socket.remoteAddress, headers: request.headers };
  const access = checkAccess(caller, room.options.token);
  if (access.kind === 'denied')
    return sendProblem(reply.header('www-authenticate', 'Bearer realm="busbar"'), {
      status: 401,
      title: 'Who are you?',
      code: 'API_UNAUTHORIZED',
      detail: `Send ${access.expected}.`,
      field: 'authorization',
      expected: access.expected,
    });
  request.who = access.who;
  const isRead = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
  if (isRead) return undefined;
  if (!isSameOrigin(request.headers))
    return sendProblem(reply, {
      status: 403,
      title: 'Another site may not write',
      code: 'API_FOREIGN_ORIGIN',
      detail: "Make the change on Busbar's own page.",
      field: 'origin',
      value: request.headers.origin,
      expected: `the origin of ${request.headers.host ?? 'this server'}`,
    });
  // DELETE without a body has no content to type, and no browser sends it across sites unasked.
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const hasBody = request.method !== 'DELETE' || length !== undefined || encoding !== undefined;
  const type = request.headers['content-type'];
  if (hasBody && !/^application\/json\s*(?:;|$)/i.test(type ?? '')) return sendProblem(reply, mediaTypeProblem(type));
  return undefined;
}

function notFound(request: FastifyRequest, reply: FastifyReply, hasConsole: boolean): FastifyReply {
  const asksForPage = request.url === '/' || request.url === '/index.html';
  return sendProblem(reply, {
    status: 404,
    title: 'Nothing is here',
    code: asksForPage && !hasConsole ? 'API_CONSOLE_MISSING' : 'API_NOT_FOUND',
    detail:
      asksForPage && !hasConsole
        ? 'The console is not built. Run "npm run build" and start Busbar again; the API works without it.'
        : 'The routes are listed at /api/v1/openapi.json.',
    field: 'path',
    value: request.url,
    expected: 'a route of /api/v1/openapi.json',
  });
}
