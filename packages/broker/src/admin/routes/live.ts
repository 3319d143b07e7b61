import { z } from 'zod';
import type { Access } from '../http/access.ts';
import type { AdminApp } from '../http/typed.ts';
import type { LiveHub } from '../live/live-hub.ts';
import { ApiProblem } from '../problem.ts';
import { liveInterest } from '../schema/index.ts';
import { checkFilter } from './check-filter.ts';

/** Bytes of what a page shows: the open levels of a large tree of topics have long names. */
const INTEREST_BODY_LIMIT = 262_144;
/** Milliseconds a page waits before it tries again. */
const RETRY = 2000;

const tags = ['live'];

/** Live data: `/live`. */
export function liveRoutes(app: AdminApp, access: Access, hub: LiveHub): void {
  app.get(
    '/live',
    {
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'A stream of server-sent events; what comes on it is said with PUT /live/:stream',
        description:
          'It begins with the event `hello`, which names the stream. `goodbye` says that the session has ended.',
        produces: ['text/event-stream'],
        response: { 200: z.string().describe('Server-sent events (text/event-stream)') },
      },
    },
    (request, reply) => {
      const viewer = access.viewerOf(request);
      hub.admit(viewer.host);
      const headers = reply.getHeaders();
      reply.hijack();
      reply.raw.writeHead(200, {
        ...headers,
        'Content-Type': 'text/event-stream; charset=utf-8',
        'X-Accel-Buffering': 'no', // a proxy of the kind that knows it hands on what comes at once
      } as Record<string, string>);
      reply.raw.write(`retry: ${RETRY}\n\n`);
      hub.open(reply.raw, viewer);
    },
  );

  app.put(
    '/live/:stream',
    {
      bodyLimit: INTEREST_BODY_LIMIT,
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'What a stream brings from here on, in place of what was said before',
        params: z.object({ stream: z.string().max(64).describe('As `hello` named it') }),
        body: liveInterest,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      for (const filter of [...(body.feed ?? []), body.graph?.filter ?? '#']) checkFilter(filter);
      if (!hub.show(params.stream, access.viewerOf(request).key, body)) throw STREAM_GONE;
      return reply.code(204).send(null);
    },
  );
}

const STREAM_GONE = new ApiProblem(
  404,
  'STREAM_GONE',
  'You have no such stream, or not any more. Open one: GET /api/v1/live.',
);
