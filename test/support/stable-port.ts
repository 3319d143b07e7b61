import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Ports that are tried before it is said that there is none. */
const ATTEMPTS = 100;
/** Ports lately handed out, which their servers may not listen at yet. */
const handedOut: number[] = [];
const REMEMBERED = 500;
/** How many ports below those the system hands out are taken from. */
const SPAN = 12_000;

/**
 * A port of 127.0.0.1 for a server that stops listening for a while and comes back: one that nobody listens at now, and
 * outside those that the system hands out, so that nobody else is given it meanwhile.
 */
export async function stablePort(): Promise<number> {
  const [lowest] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  const from = Math.max(1024, lowest! - SPAN);
  if (from >= lowest!) throw new Error(`the system hands out all ports from ${lowest} on: none is left for tests`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = from + Math.floor(Math.random() * (lowest! - from));
    if (handedOut.includes(port)) continue;
    handedOut.push(port);
    if (handedOut.length > REMEMBERED) handedOut.shift();
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${from} to ${lowest! - 1} in ${ATTEMPTS} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Whatever keeps it from listening, another port will do.
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
