/** Ways to break a broker that has a store: what it must not forget, and when it may say that it has not. */
import {
  type BrokerCore,
  ByteWriter,
  type DeliveryState,
  decodeOperations,
  type OperationVisitor,
  OperationWriter,
  readDeliveryState,
  type Session,
  type SessionRecord,
  writeDeliveryState,
} from '@cauldron/core';
import type { Sabotage } from './sabotage.ts';

/** Does something to every session, opened or restored. */
function onSession(harm: (session: Session) => void): (core: BrokerCore) => void {
  return (core) => {
    const { sessions } = core;
    const open = sessions.open.bind(sessions);
    sessions.open = (clientId, cleanStart) => {
      const before = sessions.get(clientId);
      const opened = open(clientId, cleanStart);
      if (opened.session !== before) harm(opened.session);
      return opened;
    };
    const restore = sessions.restore.bind(sessions);
    sessions.restore = (session) => {
      harm(session);
      restore(session);
    };
  };
}

/** Writes operations, but for those that it is told to change or to leave out. */
class Tampering extends OperationWriter {
  readonly #tamper: Partial<Tamper>;

  constructor(out: ByteWriter, tamper: Partial<Tamper>) {
    super(out);
    this.#tamper = tamper;
    for (const kind of tamper.losing ?? []) this[kind] = () => {};
  }

  override session(record: SessionRecord): void {
    super.session(this.#tamper.session?.(record) ?? record);
  }

  override delivery(session: number, head: number, state: Uint8Array): void {
    const { delivery } = this.#tamper;
    if (delivery === undefined) {
      super.delivery(session, head, state);
      return;
    }
    const changed = new ByteWriter();
    const { head: toHead = head, ...rest } = delivery(readDeliveryState(state));
    writeDeliveryState(changed, rest);
    super.delivery(session, toHead, changed.finish());
  }
}

interface Tamper {
  readonly losing: readonly (keyof OperationVisitor)[];
  readonly session: (record: SessionRecord) => SessionRecord;
  readonly delivery: (state: DeliveryState) => DeliveryState & { readonly head?: number };
}

/** Changes every `every`th group on its way to the store. */
function tampering(every: number, tamper: Partial<Tamper>): (core: BrokerCore) => void {
  return (core) => {
    const store = core.ports.store!;
    const write = store.write.bind(store);
    let count = 0;
    store.write = (operations, length) => {
      count += 1;
      const out = new ByteWriter();
      decodeOperations(
        operations,
        0,
        length,
        count % every === 0 ? new Tampering(out, tamper) : new OperationWriter(out),
      );
      write(out.bytes, out.length);
    };
  };
}

function losing(every: number, ...kinds: (keyof OperationVisitor)[]): (core: BrokerCore) => void {
  return tampering(every, { losing: kinds });
}

export const storeSabotages: readonly Sabotage[] = [
  {
    name: 'acknowledges before the commit',
    breaks: ['acknowledged-delivered', 'retained-fresh', 'retained-delivered'],
    apply: acknowledgeEarly,
  },
  {
    name: 'sends PUBREL and PUBCOMP before the commit',
    breaks: ['exactly-once', 'packet-id', 'at-least-once', 'acknowledged-delivered'],
    apply: onSession((session) => {
      Object.defineProperty(session, 'deliveryTicket', { get: () => 0, set: () => {} });
    }),
  },
  {
    name: 'sends QoS 2 before the commit',
    breaks: ['exactly-once', 'packet-id', 'at-least-once'],
    apply: sendEarly,
  },
  {
    name: 'accepts new sessions before the commit',
    breaks: ['session'],
    apply: (core) => {
      core.journal!.writtenOnce = () => Promise.resolve(null) as never;
    },
  },
  {
    name: 'forgets in a crash which QoS 2 messages it has',
    breaks: ['exactly-once', 'at-least-once'],
    apply: tampering(1, { delivery: (state) => ({ ...state, inbound: [] }) }),
  },
  {
    name: 'forgets in a crash what is in flight',
    breaks: ['acknowledged-delivered', 'nothing-left'],
    apply: tampering(1, { delivery: (state) => ({ ...state, inflight: [] }) }),
  },
  {
    name: 'does not tell the store what left a queue',
    breaks: ['nothing-left', 'exactly-once', 'no-error'],
    apply: tampering(1, { delivery: (state) => ({ ...state, head: 0 }) }),
  },
  {
    name: 'does not store what is retained',
    breaks: ['retained-delivered', 'nothing-left'],
    apply: losing(1, 'retain'),
  },
  { name: 'does not store that retained messages go', breaks: ['nothing-left'], apply: losing(1, 'unretain') },
  {
    name: 'does not store wills',
    breaks: ['will', 'drained'],
    apply: tampering(1, { session: (record) => ({ ...record, will: null }) }),
  },
  { name: 'publishes wills at once after a start', breaks: ['will'], apply: willsAtStart },
  { name: 'loses queue entries', breaks: ['acknowledged-delivered', 'no-error'], apply: losing(5, 'entry') },
  {
    name: 'loses subscriptions',
    breaks: ['acknowledged-delivered', 'retained-delivered'],
    apply: losing(4, 'subscribe'),
  },
  { name: 'brings subscriptions back', breaks: ['subscribed'], apply: losing(1, 'unsubscribe') },
  { name: 'brings sessions back', breaks: ['nothing-left', 'session', 'subscribed'], apply: losing(1, 'sessionEnd') },
  { name: 'never removes messages', breaks: ['nothing-left'], apply: losing(1, 'done') },
  {
    name: 'removes messages that are needed',
    breaks: ['acknowledged-delivered', 'nothing-left', 'no-error'],
    apply: losing(1, 'refer'),
  },
  { name: 'drops a subscription when it starts', breaks: ['acknowledged-delivered'], apply: forgetAtStart },
  {
    name: 'starts counting anew',
    breaks: ['no-error', 'acknowledged-delivered', 'session'],
    apply: losing(1, 'sequence'),
  },
  {
    name: 'says that a group is written which is not',
    breaks: ['acknowledged-delivered', 'session', 'retained-fresh', 'exactly-once'],
    apply: loseGroups,
  },
];

function acknowledgeEarly(core: BrokerCore): void {
  const publish = core.publishView.bind(core);
  core.publishView = (topic, view, publisher) => {
    const reasonCode = publish(topic, view, publisher);
    core.published = null;
    return reasonCode;
  };
}

function sendEarly(core: BrokerCore): void {
  const attached = core.sessions.attached.bind(core.sessions);
  core.sessions.attached = (connection, present) => {
    const inflight = connection.session!.inflight!;
    inflight.startLater = (item) => {
      const frame = connection.output.frameOfMessage(item.message!, true, item.identifiers);
      if (frame !== null) inflight.start(connection, item, frame);
    };
    attached(connection, present);
  };
}

function willsAtStart(core: BrokerCore): void {
  const resume = core.sessions.resume.bind(core.sessions);
  core.sessions.resume = (session, connected) => {
    resume(session, connected, 0);
    if (session.will === null) return;
    session.willDueAt = core.now;
    core.timers.schedule(session, core.now);
  };
}

function forgetAtStart(core: BrokerCore): void {
  const restore = core.restore.bind(core);
  const add = core.router.add.bind(core.router);
  let count = 0;
  core.restore = (operations) => {
    core.router.add = (filter, subscription) => {
      count += 1;
      if (count % 3 !== 0) add(filter, subscription);
    };
    restore(operations);
    core.router.add = add;
  };
}

function loseGroups(core: BrokerCore): void {
  const store = core.ports.store!;
  const write = store.write.bind(store);
  let count = 0;
  store.write = (operations, length) => {
    count += 1;
    write(operations, count % 10 === 0 ? 0 : length);
  };
}
