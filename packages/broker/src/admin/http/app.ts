import type { IncomingMessage, ServerResponse } from 'node:http';
import fastifyCookie from '@fastify/cookie';
import fastifySwagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { ApiProblem } from '../problem.ts';
import { apiError } from '../schema/index.ts';
import type { Access } from './access.ts';
import { errorHandler, type ReportFailure } from './errors.ts';
import { servePages } from './pages.ts';
import { setHeaders } from './security-headers.ts';
import type { AdminApp } from './typed.ts';
import { UnsentAnswers } from './unsent-answers.ts';
import { hostOf, type Visitor } from './visitor.ts';
import { WorkQueue } from './work-queue.ts';

export const API = '/api/v1';

/** Bytes of a body, where a route says nothing else. */
const BODY_LIMIT = 1_048_576;
/** Characters of a parameter in a path: a client identifier may be as long as MQTT lets it, each byte written as `%xx`. */
const MAX_PARAM_LENGTH = 3 * 65_535;

export interface AppOptions {
  readonly version: string;
  /** Folder of the built dashboard; undefined = there is none. */
  readonly pages: string | undefined;
  readonly access: Access;
  /** Adds the routes below {@link API}. */
  readonly routes: (app: AdminApp) => void;
  readonly report: ReportFailure;
  /** The client's address, `host:port`. */
  readonly addressOf: (request: FastifyRequest) => string;
  /** A request of the API was answered. */
  readonly answered: (request: FastifyRequest, status: number) => void;
}

export interface AppRoute {
  readonly method: string;
  readonly url: string;
  /** It is part of the OpenAPI document, with all that belongs there. */
  readonly isDocumented: boolean;
}

/** The pages and the API behind them, for requests that listeners hand it. */
export interface App {
  readonly app: AdminApp;
  /** All there are, for tests: `GET /api/v1/session`. */
  readonly routes: readonly AppRoute[];
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/**
 * Makes the application. It listens on nothing: listeners hand their requests to `handle`.
 *
 * @throws {Error} routes that cannot stand side by side
 */
export async function createApp(options: AppOptions): Promise<App> {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      setHeaders(reply, true);
      errorHandler(options.report)(error, request, reply as never);
    },
  }).withTypeProvider<ZodTypeProvider>();
  // JSON alone: other kinds are what forms of other sites can send.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(options.report));
  app.setNotFoundHandler((request, reply) => notFound(request, reply));
  await app.register(fastifyCookie);
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cauldron admin API',
        description: 'What the dashboard does, for scripts. Log in with HTTP Basic, as a user of the broker.',
        version: options.version,
      },
      components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
      security: [{ basic: [] }],
    },
    transform: jsonSchemaTransform,
  });
  const routes: AppRoute[] = [];
  app.addHook('onRoute', ({ method, url, schema }) => {
    const isDocumented = [schema?.summary, schema?.tags, schema?.response].every((part) => part !== undefined);
    for (const one of [method].flat()) routes.push({ method: one, url, isDocumented });
    // What any of them may say, for the document.
    if (schema?.response !== undefined) schema.response = { ...schema.response, '4xx': apiError, '5xx': apiError };
  });
  app.addHook('onRequest', async (request, reply) => {
    const isApi = isForApi(request);
    setHeaders(reply, isApi);
    if (isApi) await options.access.check(request);
  });
  takeTurns(app, options.addressOf);
  app.addHook('onResponse', async (request, reply) => {
    if (isForApi(request)) options.answered(request, reply.statusCode);
  });
  app.register(
    async (api) => {
      options.routes(api.withTypeProvider<ZodTypeProvider>());
      api.get('/openapi.json', { schema: { hide: true } as object }, () => app.swagger());
    },
    { prefix: API },
  );
  servePages(app, options.pages);
  await app.ready();
  return { app, routes, handle: (request, response) => app.routing(request, response) };
}

/**
 * Whether a request is for the API. The route that was found decides: a path may be written in many ways that lead to it
 * (`/%61pi`, `http://host/api`), and none of them may lead past the login. What leads to no route is told by its path.
 */
const isForApi = ({ routeOptions, url }: FastifyRequest): boolean =>
  isApiPath(routeOptions.url ?? '') || isApiPath(url);

const isApiPath = (url: string): boolean => url === '/api' || url.startsWith('/api/') || url.startsWith('/api?');

function notFound(
  { url, method }: FastifyRequest,
  reply: { code(status: number): { type(type: string): { send(body: unknown): unknown } } },
): unknown {
  if (isApiPath(url)) {
    throw new ApiProblem(
      404,
      'NOT_FOUND',
      `There is no ${method} ${url.slice(0, 200).split('?')[0]}. ${API}/openapi.json says what there is.`,
    );
  }
  return reply.code(404).type('text/plain; charset=utf-8').send('There is nothing here. The dashboard is at /.\n');
}

/** Has requests that take long wait for each other, and for what was answered before to be read. */
function takeTurns(app: FastifyInstance, addressOf: (request: FastifyRequest) => string): void {
  const queue = new WorkQueue();
  const unsent = new UnsentAnswers();
  const [turns, answers] = [new WeakMap<FastifyRequest, () => void>(), new WeakMap<FastifyRequest, () => void>()];
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.config.takesLong !== true) return;
    const host = hostOf(addressOf(request));
    const done = await queue.enter(host, () => request.raw.socket.destroyed);
    turns.set(request, done);
    unsent.check(host);
  });
  // Once the answer is text or bytes; whatever becomes of it then takes nobody's time, but memory until it is read.
  app.addHook('onSend', async (request, _reply, payload) => {
    if (!turns.has(request)) return;
    turns.get(request)!();
    const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0;
    answers.set(request, unsent.begin(hostOf(addressOf(request)), bytes));
  });
  app.addHook('onResponse', async (request) => {
    turns.get(request)?.();
    answers.get(request)?.();
  });
}

/** Requests, and where they came in; the framework keeps only the request. */
export class Visitors {
  readonly #visitors = new WeakMap<IncomingMessage, Visitor>();

  note(request: IncomingMessage, visitor: Visitor): void {
    this.#visitors.set(request, visitor);
  }

  of({ raw }: FastifyRequest): Visitor {
    const visitor = this.#visitors.get(raw);
    if (visitor === undefined) throw new Error('a request came past all listeners');
    return visitor;
  }
}
