import { eachLimited, type Failures, Peer } from './peer.ts';
import { Subscriber } from './subscriber.ts';
import { sessionTopic } from './topics.ts';

const DIALLING = 100;

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Connects the client of durable session `i`; what waited for it is taken from the first packet on. */
export async function openSession({ host, port }: Place, i: number, failures: Failures): Promise<[Peer, Subscriber]> {
  let subscriber: Subscriber | undefined;
  const prepare = (peer: Peer): void => {
    subscriber = new Subscriber(peer, 4, null);
  };
  const options = { host, port, version: 4, countPublishes: false, clean: false, keepAlive: 0, prepare } as const;
  const peer = await Peer.open({ ...options, clientId: `bench-d${i}` }, failures);
  return [peer, subscriber!];
}

/** Makes `count` durable sessions, each subscribed to its own topic at QoS 1, whose clients then leave. */
export async function makeSessions(place: Place, count: number, failures: Failures): Promise<void> {
  await eachLimited(count, DIALLING, async (i) => {
    const [peer] = await openSession(place, i, failures);
    await peer.subscribe(1, [sessionTopic(i)], 1);
    await peer.leave();
  });
}

/** Makes `count` durable sessions whose clients stay. */
export async function makeSubscribers(place: Place, count: number, failures: Failures): Promise<[Peer, Subscriber][]> {
  return eachLimited(count, DIALLING, async (i) => {
    const opened = await openSession(place, i, failures);
    await opened[0].subscribe(1, [sessionTopic(i)], 1);
    return opened;
  });
}
