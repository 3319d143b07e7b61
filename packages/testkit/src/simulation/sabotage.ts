/**
 * Ways to break a broker, each named for what it does wrong: a simulator that finds nothing in a broken broker would find
 * nothing in any. They patch one broker, from outside, for good.
 */
import {
  type BrokerCore,
  type Fanout,
  type Link,
  type Message,
  RetainedTree,
  type Session,
  type Subscription,
} from '@cauldron/core';
import type { Invariant } from './ledger.ts';

export interface Sabotage {
  readonly name: string;
  /** What a run must complain about; one of them is enough. */
  readonly breaks: readonly Invariant[];
  readonly apply: (core: BrokerCore) => void;
}

/** True for a client's own messages, which carry a number: wills and empty payloads are left alone. */
function counted(fanout: Fanout): boolean {
  const first = fanout.message().payload()[0] ?? 0;
  return first >= 0x30 && first <= 0x39;
}

/** Calls `harm` instead of the ordinary delivery for every `every`th message that is `meant`. */
function onDelivery(
  every: number,
  meant: (fanout: Fanout) => boolean,
  harm: (core: BrokerCore, deliver: () => boolean, fanout: Fanout) => boolean,
): (core: BrokerCore) => void {
  return (core) => {
    let count = 0;
    const deliver = core.router.deliver.bind(core.router);
    core.router.deliver = (fanout, matches) => {
      if (!counted(fanout) || !meant(fanout)) return deliver(fanout, matches);
      count += 1;
      return count % every === 0 ? harm(core, () => deliver(fanout, matches), fanout) : deliver(fanout, matches);
    };
  };
}

/** Does something to every session that a CONNECT opens, but to the world's own. */
function onOpen(harm: (session: Session) => void): (core: BrokerCore) => void {
  return (core) => {
    const open = core.sessions.open.bind(core.sessions);
    core.sessions.open = (clientId, cleanStart) => {
      const opened = open(clientId, cleanStart);
      if (clientId !== 'watcher') harm(opened.session);
      return opened;
    };
  };
}

const kept = (fanout: Fanout) => fanout.qos > 0 && !fanout.topic.name.startsWith('s');

export const sabotages: readonly Sabotage[] = [
  {
    name: 'acknowledges a QoS 1 message and forgets it',
    breaks: ['acknowledged-delivered'],
    apply: onDelivery(
      7,
      (fanout) => kept(fanout) && fanout.qos === 1,
      () => true,
    ),
  },
  {
    name: 'acknowledges a QoS 2 message and forgets it',
    breaks: ['acknowledged-delivered'],
    apply: onDelivery(
      7,
      (fanout) => kept(fanout) && fanout.qos === 2,
      () => true,
    ),
  },
  {
    name: 'delivers a QoS 2 message twice',
    breaks: ['exactly-once', 'at-least-once'],
    apply: onDelivery(
      7,
      (fanout) => fanout.qos === 2,
      (_core, deliver) => {
        deliver();
        return deliver();
      },
    ),
  },
  {
    name: 'delivers a QoS 1 message twice, both times as new',
    breaks: ['at-least-once'],
    apply: onDelivery(
      7,
      (fanout) => kept(fanout) && fanout.qos === 1,
      (_core, deliver) => {
        deliver();
        return deliver();
      },
    ),
  },
  {
    name: 'forgets between connections which QoS 2 messages it has',
    breaks: ['exactly-once', 'at-least-once'],
    apply: onOpen((session) => {
      for (const packetId of session.inbound.ids()) session.inbound.end(packetId);
    }),
  },
  {
    name: 'does not send again what was not acknowledged',
    breaks: ['acknowledged-delivered', 'drained', 'shared-once'],
    apply: onOpen((session) => {
      if (session.inflight !== null) session.inflight.resend = () => {};
    }),
  },
  { name: 'swaps two messages', breaks: ['order'], apply: swapMessages },
  {
    name: 'gives a shared message to the next member too',
    breaks: ['shared-once', 'exactly-once', 'at-least-once'],
    apply: onDelivery(
      3,
      (fanout) => fanout.topic.name.startsWith('s'),
      (_core, deliver) => {
        deliver();
        return deliver();
      },
    ),
  },
  {
    name: 'loses what a share group was to get',
    breaks: ['shared-once'],
    apply: onDelivery(
      3,
      (fanout) => fanout.topic.name.startsWith('s'),
      () => true,
    ),
  },
  { name: 'keeps an old retained message', breaks: ['retained-fresh'], apply: keepOldRetained },
  {
    name: 'has nothing retained',
    breaks: ['retained-delivered'],
    apply: (core) => {
      core.retained.walk = (filter) => new RetainedTree().walk(filter);
    },
  },
  {
    name: 'publishes no will',
    breaks: ['will'],
    apply: (core) => {
      core.publishWill = () => {};
    },
  },
  { name: 'publishes wills after a goodbye', breaks: ['will'], apply: willsAlways },
  { name: 'publishes delayed wills at once', breaks: ['will'], apply: willsAtOnce },
  { name: 'forgets sessions that wait', breaks: ['session'], apply: forgetSessions },
  {
    name: 'keeps the subscriptions of ended sessions',
    breaks: ['nothing-left', 'drained', 'subscribed'],
    apply: keepSubscriptions,
  },
  { name: 'delivers with a higher QoS than was asked for', breaks: ['subscribed'], apply: raiseQos },
  {
    name: 'ignores UNSUBSCRIBE',
    breaks: ['subscribed'],
    apply: (core) => {
      core.router.remove = () => {};
    },
  },
  { name: 'sends more than the client takes at once', breaks: ['receive-maximum'], apply: ignoreReceiveMaximum },
  { name: 'sends packets larger than the client takes', breaks: ['well-formed'], apply: ignorePacketSize },
  { name: 'uses more topic aliases than the client takes', breaks: ['topic-alias'], apply: ignoreAliasMaximum },
  {
    name: 'sends a wrong byte',
    breaks: ['well-formed', 'answer', 'topic-alias', 'packet-id', 'subscribed'],
    apply: flipBits,
  },
  {
    name: 'throws',
    breaks: ['no-error'],
    apply: onDelivery(
      20,
      () => true,
      () => {
        throw new Error('sabotage');
      },
    ),
  },
  {
    name: 'never sends what waited',
    breaks: ['drained', 'acknowledged-delivered'],
    apply: onOpen((session) => {
      session.pump = () => {};
    }),
  },
];

function swapMessages(core: BrokerCore): void {
  let held: Message | null = null;
  let count = 0;
  const deliver = core.router.deliver.bind(core.router);
  core.router.deliver = (fanout, matches) => {
    if (!counted(fanout) || !kept(fanout)) return deliver(fanout, matches);
    if (held === null && ++count % 5 === 0) {
      held = fanout.message();
      return true;
    }
    const matched = deliver(fanout, matches);
    const late = held;
    held = null;
    if (late !== null) core.publishMessage(late, fanout.publisher);
    return matched;
  };
}

function keepOldRetained(core: BrokerCore): void {
  const set = core.retained.set.bind(core.retained);
  core.retained.set = (message, publisher, kept) =>
    core.retained.get(message.topic) === null ? set(message, publisher, kept) : 0;
}

function willsAlways(core: BrokerCore): void {
  const open = core.sessions.open.bind(core.sessions);
  core.sessions.open = (clientId, cleanStart) => {
    const opened = open(clientId, cleanStart);
    let will = opened.session.will;
    // Only the broker's own shutdown and DISCONNECT clear it to null.
    Object.defineProperty(opened.session, 'will', {
      get: () => will,
      set: (next) => {
        will = next ?? will;
      },
    });
    return opened;
  };
}

function willsAtOnce(core: BrokerCore): void {
  const detach = core.sessions.detach.bind(core.sessions);
  core.sessions.detach = (connection, session, client, reason) => {
    if (session.will !== null) session.will = { ...session.will, delay: 0 };
    detach(connection, session, client, reason);
  };
}

function forgetSessions(core: BrokerCore): void {
  let count = 0;
  const detach = core.sessions.detach.bind(core.sessions);
  core.sessions.detach = (connection, session, client, reason) => {
    count += 1;
    if (count % 4 === 0) session.expiryInterval = 0;
    detach(connection, session, client, reason);
  };
}

function keepSubscriptions(core: BrokerCore): void {
  const end = core.sessions.end.bind(core.sessions);
  core.sessions.end = (session, reason) => {
    session.subscriptions = null;
    end(session, reason);
  };
}

function raiseQos(core: BrokerCore): void {
  const add = core.router.add.bind(core.router);
  core.router.add = (filter, subscription) => {
    add(filter, Object.create(subscription, { qos: { value: 2 } }) as Subscription);
  };
}

function ignoreReceiveMaximum(core: BrokerCore): void {
  const open = core.sessions.open.bind(core.sessions);
  core.sessions.open = (clientId, cleanStart) => {
    const opened = open(clientId, cleanStart);
    const attach = opened.session.attach.bind(opened.session);
    opened.session.attach = (connection, limit) => attach(connection, limit + 1);
    return opened;
  };
}

function ignorePacketSize(core: BrokerCore): void {
  const attached = core.sessions.attached.bind(core.sessions);
  core.sessions.attached = (connection, present) => {
    connection.output.maxPacketSize = Number.POSITIVE_INFINITY;
    attached(connection, present);
  };
}

function ignoreAliasMaximum(core: BrokerCore): void {
  const attached = core.sessions.attached.bind(core.sessions);
  core.sessions.attached = (connection, present) => {
    if (connection.version5) connection.output.allowAliases(100);
    attached(connection, present);
  };
}

function flipBits(core: BrokerCore): void {
  let count = 0;
  const accept = core.accept.bind(core);
  core.accept = (link, listener) => {
    const write = link.write.bind(link);
    const broken: Link = Object.assign(link, {
      write: (buffer: Uint8Array, length: number) => {
        count += 1;
        if (count % 40 === 0) buffer[0] = (buffer[0] ?? 0) ^ 0x81;
        write(buffer, length);
      },
    });
    return accept(broken, listener);
  };
}
