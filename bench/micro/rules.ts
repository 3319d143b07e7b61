import {
  type Authorizer,
  BrokerCore,
  defaultDurability,
  defaultLimits,
  defaultMqttOptions,
  type Link,
} from '@cauldron/core';
import { loadRuleSet, RuleAuthorizer } from '../../packages/broker/src/access/index.ts';
import { accessRules } from '../access-rules.ts';
import { connectPacket, publishRun, publishTemplate, subscribePacket, topicRuns } from '../load/packets.ts';
import { manyTopics } from '../load/topics.ts';
import type { MicroCase, MicroGroup } from './runner.ts';

const PAYLOAD_BYTES = 16;
const BATCH = 256;
const SUBSCRIBERS = 500;
/** As a gateway that speaks for many devices. */
const SOME = 1024;
/** More than the broker keeps by default, so that each is looked up, matched and decided anew. */
const MANY = 100_000;
const TOPICS_KEPT = 65_536;

/** A peer that takes everything at once; its buffers are reused. */
class Sink implements Link {
  readonly remoteAddress = '127.0.0.1:1';
  readonly listener = 'micro';
  readonly pending = 0;
  bytes = 0;
  #kept: Uint8Array[] = [];

  take(size: number): Uint8Array {
    const kept = this.#kept.pop();
    return kept !== undefined && kept.length >= size ? kept : new Uint8Array(size);
  }

  give(buffer: Uint8Array): void {
    if (this.#kept.length < 8) this.#kept.push(buffer);
  }

  write(buffer: Uint8Array, length: number): void {
    this.bytes += length;
    this.give(buffer);
  }

  writeShared(bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

interface Setup {
  readonly subscribers: number;
  readonly filter: string;
  readonly runs: readonly Uint8Array[];
}

/** A core with connected clients, fed what a publisher's socket would bring. */
function publishing(name: string, authorizer: Authorizer | null, setup: Setup): MicroCase {
  const core = new BrokerCore(
    {
      limits: defaultLimits,
      mqtt: defaultMqttOptions,
      ...defaultDurability,
      topicCacheSize: TOPICS_KEPT,
      hashSeed: 1,
      newClientId: () => 'nobody',
    },
    {
      scheduler: { requestFlush: () => {} },
      authenticator: { authenticate: () => ({ outcome: 'accept' }) },
      authorizer,
      interceptors: [],
      store: null,
      observer: {
        internalError: (error) => {
          throw error;
        },
      },
    },
    1_000_000,
  );
  const connect = (clientId: string) => {
    const link = new Sink();
    const receiver = core.accept(link);
    const feed = (bytes: Uint8Array): void => {
      receiver.feed(bytes, bytes.length);
      core.flush();
    };
    feed(connectPacket(4, clientId, 0));
    return { link, feed };
  };
  const listeners = Array.from({ length: setup.subscribers }, (_, i) => {
    const listener = connect(`s${i}`);
    listener.feed(subscribePacket(4, 1, [setup.filter], 0));
    return listener;
  });
  const publisher = connect('p');
  let next = 0;
  return {
    name,
    run: (times) => {
      const before = listeners[0]!.link.bytes;
      for (let i = 0; i < times; i++) publisher.feed(setup.runs[next++ % setup.runs.length]!);
      const arrived = listeners[0]!.link.bytes - before;
      if (arrived === 0) throw new Error(`${name}: nothing arrived`);
      return arrived;
    },
  };
}

function group(name: string, setup: Setup): MicroGroup {
  const options = accessRules().map(({ does, access, topic }) => ({ [does]: access, topic }));
  const authorizer = (): Authorizer => new RuleAuthorizer(loadRuleSet({ rules: options }));
  return {
    name: `${name}, ns for ${BATCH} publishes`,
    cases: [
      publishing('without an authorizer', null, setup),
      publishing('without rules', new RuleAuthorizer(loadRuleSet()), setup),
      publishing('with 1,000 rules', authorizer(), setup),
    ],
  };
}

/** What rules cost a publish on its way through the core, sockets left out, so that nothing hides it. */
export function rulesGroups(): MicroGroup[] {
  const one = [publishRun(publishTemplate(4, 'bench/0', 0, PAYLOAD_BYTES), BATCH)];
  return [
    group('1 -> 1, one topic', { subscribers: 1, filter: 'bench/0', runs: one }),
    group(`1 -> ${SUBSCRIBERS}, one topic`, { subscribers: SUBSCRIBERS, filter: 'bench/0', runs: one }),
    group(`1 -> 1, ${SOME} topics`, {
      subscribers: 1,
      filter: 'bench/many/+',
      runs: topicRuns(4, manyTopics(SOME), PAYLOAD_BYTES, BATCH),
    }),
    group(`1 -> 1, ${MANY} topics`, {
      subscribers: 1,
      filter: 'bench/many/+',
      runs: topicRuns(4, manyTopics(MANY), PAYLOAD_BYTES, BATCH),
    }),
  ];
}
