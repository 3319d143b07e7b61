import { z } from 'zod';
import type { Routes } from '../http/typed.ts';
import { ApiProblem } from '../problem.ts';
import { dashboard, dashboardDocument, dashboardsList, dashboardUpdate } from '../schema/index.ts';

const tags = ['dashboards'];
const params = z.object({ id: z.string().max(64) });

/** What users put together: `/dashboards`. */
export const dashboardsRoutes: Routes = (app, { services }) => {
  const { dashboards } = services;

  app.get('/dashboards', { schema: { tags, summary: 'All dashboards', response: { 200: dashboardsList } } }, () => ({
    items: [...dashboards.list()],
    kept: dashboards.kept,
  }));

  app.post(
    '/dashboards',
    {
      schema: {
        tags,
        summary: 'Make one, or import one that was exported',
        body: dashboardDocument,
        response: { 201: dashboard },
      },
    },
    async ({ body }, reply) => reply.code(201).send(await dashboards.create(body)),
  );

  app.get(
    '/dashboards/:id',
    { schema: { tags, summary: 'One dashboard', params, response: { 200: dashboard } } },
    ({ params: { id } }) => found(dashboards.get(id)),
  );

  app.get(
    '/dashboards/:id/export',
    {
      schema: {
        tags,
        summary: 'One dashboard, as it can be imported elsewhere',
        params,
        response: { 200: dashboardDocument },
      },
    },
    ({ params: { id } }, reply) => {
      const { name, description, widgets } = found(dashboards.get(id));
      reply.header('Content-Disposition', `attachment; filename="${fileName(name)}.json"`);
      return { cauldronDashboard: 1 as const, name, description, widgets };
    },
  );

  app.put(
    '/dashboards/:id',
    {
      schema: {
        tags,
        summary: 'Change one; `revision` says which state the change is based on',
        params,
        body: dashboardUpdate,
        response: { 200: dashboard },
      },
    },
    async ({ params: { id }, body }) => found(await dashboards.update(id, body)),
  );

  app.delete(
    '/dashboards/:id',
    { schema: { tags, summary: 'Delete one', params, response: { 204: z.null() } } },
    async ({ params: { id } }, reply) => {
      if (!(await dashboards.remove(id))) throw notFound();
      return reply.code(204).send(null);
    },
  );
};

function found<T>(one: T | null): T {
  if (one === null) throw notFound();
  return one;
}

const notFound = (): ApiProblem =>
  new ApiProblem(
    404,
    'NOT_FOUND',
    'There is no such dashboard, or not any more. GET /api/v1/dashboards lists those there are.',
  );

/** What is safe in the name of a file, whatever the system. */
const fileName = (name: string): string => name.replace(/[^\w.-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'dashboard';
