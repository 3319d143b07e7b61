import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Files below this have a hash of their contents in their names. */
const HASHED = '/assets/';

const NOT_BUILT =
  'The pages of the dashboard are not there, because they were not built. Build them with "npm run build" in the folder of ' +
  'the clone, and start the broker again. The API works all the same: /api/v1/openapi.json says what there is.\n';

/** The folder of the built dashboard; undefined = it was not built, or is not installed. */
export function builtPages(): string | undefined {
  try {
    const folder = join(dirname(fileURLToPath(import.meta.resolve('@cauldron/dashboard/package.json'))), 'dist');
    readFileSync(join(folder, 'index.html'));
    return folder;
  } catch {
    return undefined; // not installed, or not built: the API goes without
  }
}

/** Serves the files of a folder, and an explanation where there is none. */
export function servePages(app: FastifyInstance, folder: string | undefined): void {
  if (folder === undefined) {
    app.get('/', { schema: { hide: true } as object, config: { role: 'anybody' } }, (_request, reply) =>
      reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT),
    );
    return;
  }
  app.register(fastifyStatic, {
    root: folder,
    preCompressed: true,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = path.replaceAll('\\', '/').includes(HASHED);
      reply.header('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
