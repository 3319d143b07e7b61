import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before } from 'node:test';
import { bundleForBrowsers } from '../../scripts/lib/bundle.ts';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import type { Cleanup } from '../support/process.ts';

const PAGE = `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<title>Cauldron in a page</title>
`;

/** What pages load, bundled as users do it. */
const SCRIPTS = [
  ['/client.js', 'test/browser/pages/client.ts'],
  ['/worker.js', 'test/browser/pages/worker.ts'],
  ['/cauldron.js', 'packages/client/src/index.browser.ts'],
] as const;

/** Starts web sites on 127.0.0.1. @param headers of the site's page, such as a security policy */
export type StartSite = (t: Cleanup, headers?: Readonly<Record<string, string>>) => Promise<string>;

/** Web sites with an empty page and those scripts. What is answered starts one, closed with the test, and answers its origin. */
export function useSites(): StartSite {
  const scripts = new Map<string | undefined, string>();
  before(async () => {
    for (const [url, entry] of SCRIPTS) {
      const { code } = await bundleForBrowsers(join(repositoryRoot, entry), { library: true });
      scripts.set(url, code);
    }
  });
  return async (t, headers = {}) => {
    const server = createServer(({ url }, response) => {
      if (url === '/') response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(PAGE);
      else if (scripts.has(url)) response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts.get(url));
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
}
