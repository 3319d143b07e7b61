import { ByteWriter, OperationWriter, RELEASED, type StoreEngine, writeDeliveryState } from '@cauldron/core';
import { LineProblem } from './fields.ts';
import { FOR_EVER, type Line, type LineOf, type LineType } from './lines.ts';
import { messageFrom, storedBytes } from './message-json.ts';
import { Seen, type SeenMessage } from './seen.ts';

/** Bytes of operations that make a group. */
const GROUP = 1_048_576;

/** How many lines of each kind were taken. */
export type LineCounts = Record<Exclude<LineType, 'end'>, number>;

type ContentLine = Exclude<Line, { readonly type: 'end' | 'header' }>;
type SentMessage = NonNullable<LineOf<'inflight'>['sent']>[number];

/**
 * Turns lines into operations on a new store. Messages get ids of the store in the order of their lines, and queue entries
 * positions, both from one sequence; every message is held with a reference of the import's own until `finish`.
 */
export class LineImporter {
  readonly counts: LineCounts = { session: 0, subscription: 0, message: 0, queued: 0, inflight: 0, retained: 0 };
  /** Messages that came within a retained line. */
  inline = 0;
  readonly #engine: StoreEngine;
  readonly #now: number;
  readonly #seen = new Seen();
  readonly #out = new ByteWriter(new Uint8Array(GROUP + 65_536));
  readonly #writer = new OperationWriter(this.#out);
  readonly #sessions = new Map<string, number>();
  #sequence = 0;
  #line = 0;

  /** @param now milliseconds since 1970, for times that lines leave out */
  constructor(engine: StoreEngine, now: number) {
    this.#engine = engine;
    this.#now = now;
  }

  /**
   * Takes one line.
   *
   * @throws {LineProblem} what is wrong with it; nothing of it was taken
   * @throws {StoreError} where the new store cannot be written
   */
  take(line: ContentLine, number: number): void {
    this.#line = number;
    switch (line.type) {
      case 'session':
        this.#session(line);
        break;
      case 'subscription':
        this.#subscription(line);
        break;
      case 'message':
        this.#message(line);
        break;
      case 'queued':
        this.#queued(line);
        break;
      case 'inflight':
        this.#inflight(line);
        break;
      case 'retained':
        this.#retained(line);
        break;
    }
    this.counts[line.type] += 1;
    if (this.#out.length >= GROUP) this.#flush();
  }

  /** Writes what is left, and lets go of messages that nothing refers to. @throws {StoreError} */
  finish(): void {
    for (const id of this.#seen.storedMessages()) {
      this.#writer.done(id);
      if (this.#out.length >= GROUP) this.#flush();
    }
    this.#flush();
  }

  close(): void {
    this.#seen.close();
  }

  #flush(): void {
    this.#writer.sequence(this.#sequence, this.#sessions.size);
    this.#engine.apply(this.#out.bytes, this.#out.length);
    this.#out.length = 0;
  }

  #once(kind: string, name: string, what: string): void {
    const before = this.#seen.add(kind, name, this.#line);
    if (before > 0) throw new LineProblem(`${what} stands on line ${before} already; leave one of them out`);
  }

  #session(line: LineOf<'session'>): void {
    const { clientId, connected = false, sessionExpiryInterval = FOR_EVER, willDueAt = 0 } = line;
    if (connected && (line.endsAt !== undefined || willDueAt > 0)) {
      throw new LineProblem(
        'a session that is connected has neither "endsAt" nor "willDueAt"; they are for those away',
      );
    }
    if (willDueAt > 0 && line.will === undefined) throw new LineProblem('"willDueAt" is given, but no "will"');
    const ends = connected || sessionExpiryInterval === FOR_EVER ? 0 : this.#now + sessionExpiryInterval * 1000;
    const will = this.#will(line.will);
    this.#once('session', clientId, `a session of ${JSON.stringify(clientId)}`);
    const number = this.#sessions.size + 1;
    this.#sessions.set(clientId, number);
    const endsAt = line.endsAt ?? ends;
    const expiryInterval = sessionExpiryInterval;
    const username = line.username ?? null;
    this.#writer.session({ number, clientId, connected, expiryInterval, endsAt, willDueAt, will, username });
  }

  #will(will: LineOf<'session'>['will']): { delay: number; message: Uint8Array } | null {
    if (will === undefined) return null;
    const message = messageFrom(will, this.#now, will.retain ?? false);
    return { delay: will.willDelayInterval ?? 0, message: storedBytes(message) };
  }

  #subscription(line: LineOf<'subscription'>): void {
    const { clientId, filter, qos, noLocal, retainAsPublished, retainedOwed, subscriptionIdentifiers } = line;
    const session = this.#sessionOf(clientId);
    if (subscriptionIdentifiers !== undefined && subscriptionIdentifiers.length > 1) {
      throw new LineProblem('a subscription has one identifier at most (MQTT 5.0, 3.8.2.1.2)');
    }
    this.#once(`subscription ${session}`, filter, `a subscription of this client to ${JSON.stringify(filter)}`);
    const options =
      qos | (noLocal === true ? 4 : 0) | (retainAsPublished === true ? 8 : 0) | (retainedOwed === true ? 16 : 0);
    this.#writer.subscribe({ session, filter, options, identifiers: identifiersOf(subscriptionIdentifiers) });
  }

  #sessionOf(clientId: string): number {
    const session = this.#sessions.get(clientId);
    if (session !== undefined) return session;
    throw new LineProblem(`no line before this one has a session of ${JSON.stringify(clientId)}; put that line first`);
  }

  #message(line: LineOf<'message'>): void {
    const message = messageFrom(line, line.publishedAt ?? this.#now, line.retain ?? false);
    const body = storedBytes(message);
    const { topic, qos, payloadLength } = message;
    const stored = this.#sequence + 1;
    const before = this.#seen.addMessage(line.id, { stored, qos, size: body.length, topic, payloadLength }, this.#line);
    if (before > 0) throw new LineProblem(`a message with the id ${line.id} stands on line ${before} already`);
    this.#sequence = stored;
    this.#writer.message(stored, 1, line.publishedAt ?? this.#now, body);
  }

  #messageOf(id: number): SeenMessage {
    const message = this.#seen.message(id);
    if (message === undefined) throw new LineProblem(`no line before this one has a message with the id ${id}`);
    return message;
  }

  #queued(line: LineOf<'queued'>): void {
    const session = this.#sessionOf(line.clientId);
    const { stored, size, qos } = this.#messageOf(line.message);
    this.#sequence += 1;
    this.#writer.refer(stored);
    this.#writer.entry({
      session,
      position: this.#sequence,
      messageId: stored,
      flags: (line.qos ?? qos) | (line.retain === true ? 4 : 0),
      identifiers: identifiersOf(line.subscriptionIdentifiers),
      size,
    });
  }

  #inflight(line: LineOf<'inflight'>): void {
    const session = this.#sessionOf(line.clientId);
    const { sent = [], received = [] } = line;
    requireDistinct(
      sent.map(({ packetId }) => packetId),
      'sent',
    );
    requireDistinct(received, 'received');
    const inflight = sent.map((one) => this.#sent(one));
    this.#once('inflight', line.clientId, 'what is in flight of this client');
    for (const { messageId } of inflight) if (messageId > 0) this.#writer.refer(messageId);
    const state = new ByteWriter();
    writeDeliveryState(state, { inbound: received, inflight });
    this.#writer.delivery(session, 0, state.finish());
  }

  #sent({ packetId, message, qos, retain, released, subscriptionIdentifiers }: SentMessage) {
    const where = `packet identifier ${packetId}`;
    if (released === true) {
      if (message !== undefined) throw new LineProblem(`${where}: what is released has no "message" any more`);
      if ((qos ?? 2) !== 2) throw new LineProblem(`${where}: only messages with QoS 2 are released`);
      return { packetId, flags: 2 | RELEASED, messageId: 0, identifiers: null };
    }
    if (message === undefined) throw new LineProblem(`${where}: "message" is missing, and it is not "released"`);
    const { stored, qos: published } = this.#messageOf(message);
    const flags = qos ?? published;
    if (flags === 0) throw new LineProblem(`${where}: a message with QoS 0 is never in flight; give "qos" 1 or 2`);
    const identifiers = identifiersOf(subscriptionIdentifiers);
    return { packetId, flags: flags | (retain === true ? 4 : 0), messageId: stored, identifiers };
  }

  #retained(line: LineOf<'retained'>): void {
    if (line.message !== undefined) {
      this.#retainedReference(line, line.message);
      return;
    }
    const { topic } = line;
    if (topic === undefined) throw new LineProblem('"topic" is missing; it takes the topic of the retained message');
    const message = messageFrom({ ...line, topic }, line.publishedAt ?? this.#now, line.retain ?? true);
    this.#keep(topic, message.payloadLength);
    this.inline += 1;
    this.#sequence += 1;
    this.#writer.message(this.#sequence, 1, line.publishedAt ?? this.#now, storedBytes(message));
    this.#writer.retain(topic, this.#sequence, line.publisher ?? null);
  }

  #retainedReference({ type: _type, message: _message, publisher, ...rest }: LineOf<'retained'>, id: number): void {
    const extra = Object.entries(rest).find(([, value]) => value !== undefined)?.[0];
    if (extra !== undefined) throw new LineProblem(`"message" and "${extra}" exclude each other: the message has it`);
    const { stored, topic, payloadLength } = this.#messageOf(id);
    this.#keep(topic, payloadLength);
    this.#writer.refer(stored);
    this.#writer.retain(topic, stored, publisher ?? null);
  }

  /** A message becomes a topic's retained one. [MQTT-3.3.1-6] [MQTT-3.3.1-7] */
  #keep(topic: string, payloadLength: number): void {
    if (payloadLength === 0) {
      throw new LineProblem('the payload is empty, which stands for no retained message: leave the line out');
    }
    this.#once('retained', topic, `a retained message of ${JSON.stringify(topic)}`);
  }
}

function identifiersOf(identifiers: readonly number[] | undefined): readonly number[] | null {
  return identifiers === undefined || identifiers.length === 0 ? null : identifiers;
}

function requireDistinct(packetIds: readonly number[], key: string): void {
  const seen = new Set<number>();
  for (const packetId of packetIds) {
    if (seen.has(packetId)) throw new LineProblem(`"${key}" has packet identifier ${packetId} twice`);
    seen.add(packetId);
  }
}
