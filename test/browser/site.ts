import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { bundleForBrowsers } from '../../scripts/lib/bundle.ts';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import type { Cleanup } from '../support/process.ts';

const PAGE = `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<title>Cauldron in a page</title>
`;

/** What pages load, bundled as users do it. */
const SCRIPTS: Readonly<Record<string, string>> = {
  '/client.js': 'test/browser/pages/client.ts',
  '/worker.js': 'test/browser/pages/worker.ts',
  '/cauldron.js': 'packages/client/src/index.browser.ts',
};
const bundled = new Map<string, Promise<string>>();

/**
 * Starts a web site on 127.0.0.1 with an empty page and those scripts; closed with `t`.
 *
 * @param headers of the page, such as a security policy
 * @returns its origin
 */
export async function startSite(t: Cleanup, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    if (url === '/') response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(PAGE);
    else if (SCRIPTS[url] !== undefined) void answerScript(url, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answerScript(url: string, response: ServerResponse): Promise<void> {
  const code = bundled.get(url) ?? bundle(SCRIPTS[url]!);
  bundled.set(url, code);
  try {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(await code);
  } catch (error) {
    response.end(`throw new Error(${JSON.stringify(String(error))});`); // the test that loads it is told
  }
}

async function bundle(entry: string): Promise<string> {
  return (await bundleForBrowsers(join(repositoryRoot, entry), { library: true })).code;
}
