import type { Routes } from '../http/typed.ts';
import { history, overview } from '../schema/index.ts';

const tags = ['overview'];

/** How the broker is: `/overview`, `/metrics`, `/health`. */
export const overviewRoutes: Routes = (app, { services }) => {
  app.get(
    '/overview',
    {
      schema: {
        tags,
        summary: 'How the broker is: its numbers, and what there is to say about them in plain language',
        response: { 200: overview },
      },
    },
    () => services.overview.overview(),
  );

  app.get(
    '/metrics/history',
    {
      config: { takesLong: true },
      schema: {
        tags,
        summary: 'The last ten minutes, a sample a second, the oldest first',
        response: { 200: history },
      },
    },
    () => services.overview.history(),
  );

  app.get(
    '/health',
    {
      schema: {
        tags,
        summary: 'Whether the broker does all it should, and what keeps it or a client from that',
        description: '`ok` is false only where something keeps the broker itself from doing what it should.',
        response: { 200: overview.shape.health },
      },
    },
    () => services.overview.overview().health,
  );
};
