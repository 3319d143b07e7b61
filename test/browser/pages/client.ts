// What tests have a page do. The page's one client lives here, as long as the page does.
import {
  type Client,
  type ClientOptions,
  connect,
  createClient,
  type Message,
  publishOnce,
  type SubscribeOptions,
  subscribeOnce,
} from '@cauldron/client';
import { indexedDbStore } from '@cauldron/client/indexeddb';
import { storeContract } from '../../../packages/client/src/testing/store-contract.ts';
import type { ReceivedMessage } from './types.ts';

interface PageOptions extends Omit<ClientOptions, 'store'> {
  /** Name of its database. */
  readonly database?: string;
}

let client: Client;
const received: Message[] = [];
const states: string[] = [];

/** Options as the client has them. */
function options({ database, ...rest }: PageOptions): ClientOptions {
  return database === undefined ? rest : { ...rest, store: indexedDbStore(database) };
}

/** Connects, and fails where that fails. */
export async function open(url: string, given: PageOptions = {}): Promise<void> {
  client = await connect(url, options(given));
  watch();
}

/** Begins to connect. */
export function begin(url: string, given: PageOptions = {}): void {
  client = createClient(url, options(given));
  watch();
}

function watch(): void {
  states.push(client.state.status);
  client.onState(({ status }) => states.push(status));
}

export const ready = (): Promise<void> => client.ready();
export const end = (): Promise<void> => client.end();

/** Why it has to wait. */
export const waitingFor = (): string => (client.state.status === 'waiting' ? client.state.reason.message : '');

export const stateHistory = (): string[] => states;

export async function subscribe(filter: string, given: SubscribeOptions): Promise<void> {
  await client.on(filter, (message) => void received.push(message), given);
}

export const publish = (...args: Parameters<Client['publish']>) => client.publish(...args);

/** Accepts messages `PREFIX/FROM` to `PREFIX/(TO - 1)`; answers how many are not acknowledged once all are kept. */
export async function enqueue(prefix: string, from: number, to: number): Promise<number> {
  const numbers = Array.from({ length: to - from }, (_, at) => from + at);
  await Promise.all(numbers.map((number) => client.enqueue(`${prefix}/${number}`, `${number}`, { qos: 1 })));
  return client.queue.messages + client.queue.inflight;
}

/** Fulfilled when that is what it is doing. */
export async function status(expected: string): Promise<void> {
  while (client.state.status !== expected) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Fulfilled when nothing waits any more. */
export async function drained(): Promise<void> {
  while (client.queue.messages + client.queue.inflight > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What came, once there are so many. */
export async function messages(count: number): Promise<ReceivedMessage[]> {
  while (received.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  return received.map((message) => {
    const { topic, qos, retain, properties } = message;
    return { topic, text: message.text(), qos, retain, properties };
  });
}

/** Why connecting fails. */
export async function failure(url: string, given: PageOptions = {}): Promise<string> {
  try {
    await connect(url, { connectTimeout: 5000, ...options(given) });
    return 'it worked';
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

/** One message there and back with the one-shot helpers. */
export async function once(url: string): Promise<string> {
  await publishOnce(url, 'once/a', 'hello', { qos: 1, retain: true });
  return (await subscribeOnce(url, 'once/+')).text();
}

/** The same in a worker. */
export function onceInWorker(url: string): Promise<string> {
  const worker = new Worker('/worker.js', { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(url);
  });
}

let frames = 0;
/** The most bytes that were handed to the browser and had not left when more was. */
let mostUnsent = 0;
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (this: WebSocket, data) {
  frames += 1;
  mostUnsent = Math.max(mostUnsent, this.bufferedAmount);
  send.call(this, data);
};

export const framesSent = (): number => frames;

/** Publishes `count` messages of `size` bytes, each when it is told to; answers the most bytes the browser had to hold. */
export async function flood(count: number, size: number): Promise<number> {
  const payload = new Uint8Array(size);
  for (let number = 0; number < count; number++) await client.publish('flood', payload);
  return mostUnsent;
}

/** Accepts message after message until the page is gone, and says so in its console once each is kept. */
export async function enqueueForEver(prefix: string, from: number): Promise<void> {
  for (let number = from; ; number += 5) {
    await enqueue(prefix, number, number + 5);
    console.log(`kept ${number + 5}`);
  }
}

/** What of the contract for stores does not hold. */
export async function storeProblems(): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, check } of storeContract) {
    try {
      await check(() => indexedDbStore(name));
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  }
  return problems;
}
