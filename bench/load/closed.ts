import { sleep } from './meter.ts';
import { publishTemplate } from './packets.ts';
import { type Failures, Peer } from './peer.ts';

const PUBLISH = 3;
/** A topic that rules leave open. */
const OPEN = 'bench/open';
const LIMIT_MS = 5000;

/**
 * Whether nothing comes through `topic`: 1 where its subscription is refused or its message does not arrive, 0 where the
 * message does. Throws when one on an open topic, sent behind it, does not arrive either.
 */
export async function tryClosed(
  place: { host: string; port: number },
  topic: string,
  failures: Failures,
): Promise<0 | 1> {
  const options = { ...place, version: 4, countPublishes: false } as const;
  const listener = await Peer.open({ ...options, clientId: 'bench-try-s' }, failures);
  const publisher = await Peer.open({ ...options, clientId: 'bench-try-p' }, failures);
  const arrived: string[] = [];
  listener.onFrame = (buffer, start, body) => {
    if (buffer[start]! >> 4 === PUBLISH)
      arrived.push(buffer.toString('utf8', body + 2, body + 2 + buffer.readUInt16BE(body)));
  };
  await listener.subscribe(1, [OPEN], 0);
  await listener.subscribe(2, [topic], 0).catch((refused: Error) => {
    if (!refused.message.includes('refused')) throw refused;
  });
  for (const name of [topic, OPEN]) publisher.socket.write(publishTemplate(4, name, 0, 16).bytes);
  const limit = performance.now() + LIMIT_MS;
  while (!arrived.includes(OPEN)) {
    if (performance.now() > limit) throw new Error(`a message on ${OPEN}, which rules allow, did not arrive`);
    await sleep(5);
  }
  publisher.close();
  listener.close();
  return arrived.includes(topic) ? 0 : 1;
}
