import { z } from 'zod';
import type { Routes } from '../http/typed.ts';
import { graph, graphView } from '../schema/index.ts';
import { checkFilter } from './check-filter.ts';
import { look } from './looking.ts';

const tags = ['graph'];

/** As in the query of a request, where everything is text. */
const graphQuery = z.object({
  limit: z.coerce.number().int().min(10).max(200).default(200),
  filter: z.string().max(65_535).default('#'),
});

/** Who talks to whom about what: `/graph`. */
export const graphRoutes: Routes = (app, { services: { traffic } }) => {
  app.get(
    '/graph',
    {
      config: { takesLong: true },
      schema: {
        tags,
        summary: 'Clients, topics, and what runs between them',
        querystring: graphQuery,
        response: { 200: graph },
      },
    },
    async ({ query }) => {
      checkFilter(query.filter);
      await look(traffic);
      return traffic.graph({ ...query, open: [] });
    },
  );

  app.post(
    '/graph',
    {
      config: { role: 'viewer', takesLong: true },
      schema: { tags, summary: 'The same, with some groups open', body: graphView, response: { 200: graph } },
    },
    async ({ body }) => {
      checkFilter(body.filter);
      await look(traffic);
      return traffic.graph(body);
    },
  );
};
