import type { Routes } from '../http/typed.ts';
import { retainedDelete, retainedDeleted, retainedPage, retainedQuery, undone, undoRequest } from '../schema/index.ts';

const tags = ['retained'];

/** Retained messages: `/retained`. */
export const retainedRoutes: Routes = (app, { services }) => {
  const { retained } = services;

  app.get(
    '/retained',
    {
      config: { takesLong: true },
      schema: {
        tags,
        summary: 'Retained messages that match a filter, in no particular order',
        description: 'Their payloads are at /topics/value. A page may be short; `next` says whether there is more.',
        querystring: retainedQuery,
        response: { 200: retainedPage },
      },
    },
    ({ query }) => {
      const { items, total, next } = retained.list(query);
      return { items: [...items], total, next };
    },
  );

  app.post(
    '/retained/delete',
    {
      schema: {
        tags,
        summary: 'Delete the retained message of a topic, or of everything below it too',
        description:
          'With `dryRun` nothing is deleted, and the answer says what would be, and whether it could be undone.',
        body: retainedDelete,
        response: { 200: retainedDeleted },
      },
    },
    (request) => retained.remove(request.body),
  );

  app.post(
    '/retained/undo',
    {
      schema: {
        tags,
        summary: 'Bring back what was deleted',
        body: undoRequest,
        response: { 200: undone },
      },
    },
    (request) => retained.undo(request.body.undo),
  );
};
