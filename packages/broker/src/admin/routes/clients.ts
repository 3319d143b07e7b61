import { z } from 'zod';
import type { Routes } from '../http/typed.ts';
import { ApiProblem } from '../problem.ts';
import {
  client,
  clientsPage,
  clientsQuery,
  disconnectRequest,
  eventsPage,
  eventsQuery,
  pageQuery,
  subscriptionsPage,
} from '../schema/index.ts';

const tags = ['clients'];

const params = z.object({
  clientId: z.string().describe('Client identifier, URL-encoded: a/b% is a%2Fb%25'),
});

const done = z.object({ message: z.string().describe('What was done, in plain language') });

/** Clients, their sessions and what happened to them: `/clients`, `/events`. */
export const clientsRoutes: Routes = (app, { services, operatorOf }) => {
  const { clients } = services;

  app.get(
    '/clients',
    {
      schema: {
        tags,
        summary: 'Clients that are connected, and sessions that wait for theirs',
        querystring: clientsQuery,
        response: { 200: clientsPage },
      },
    },
    async ({ query }) => mutable(await clients.list(query)),
  );

  app.get(
    '/clients/:clientId',
    { schema: { tags, summary: 'Everything about one client', params, response: { 200: client } } },
    ({ params: { clientId } }) => clients.get(clientId) ?? noSession(clientId),
  );

  app.get(
    '/clients/:clientId/subscriptions',
    {
      schema: {
        tags,
        summary: 'Subscriptions of one client, by their filters',
        params,
        querystring: pageQuery,
        response: { 200: subscriptionsPage },
      },
    },
    async ({ params: { clientId }, query }) =>
      mutable((await clients.subscriptions(clientId, query)) ?? noSession(clientId)),
  );

  app.get(
    '/events',
    {
      config: { takesLong: true },
      schema: {
        tags,
        summary: 'What happened to clients, the newest first',
        description:
          'With `clientId` the last 32 events of that client, otherwise the last 2,000 of all. What repeats itself is one event that says how often.',
        querystring: eventsQuery,
        response: { 200: eventsPage },
      },
    },
    ({ query }) => mutable(clients.events(query)),
  );

  app.post(
    '/clients/:clientId/disconnect',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'End the connection of a client; its session stays',
        params,
        body: disconnectRequest.nullish(),
        response: { 200: done },
      },
    },
    (request) => {
      const { clientId } = request.params;
      const { reason, reasonCode } = request.body ?? disconnectRequest.parse({});
      if (!clients.disconnect(clientId, reasonCode, reason, operatorOf(request))) throw notConnected(clientId);
      return { message: `Client '${clientId}' was disconnected: ${reason}` };
    },
  );

  app.delete(
    '/clients/:clientId',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Discard the session of a client, with its subscriptions and what waits in it, and end its connection',
        params,
        response: { 200: done },
      },
    },
    (request) => {
      const { clientId } = request.params;
      if (!clients.discard(clientId, operatorOf(request))) return noSession(clientId);
      return { message: `The session of '${clientId}' was discarded` };
    },
  );
};

/** The page in the form its schema has. */
const mutable = <T>({ items, total, next }: { items: readonly T[]; total: number | null; next: string | null }) => ({
  items: [...items],
  total,
  next,
});

/** @throws {ApiProblem} NO_SUCH_CLIENT, always */
function noSession(clientId: string): never {
  const message = `There is no client or session '${clientId}'. It may have ended; GET /api/v1/events?clientId=... may know why.`;
  throw new ApiProblem(404, 'NO_SUCH_CLIENT', message);
}

const notConnected = (clientId: string): ApiProblem =>
  new ApiProblem(404, 'NOT_CONNECTED', `No client '${clientId}' is connected, so there is nothing to end.`);
