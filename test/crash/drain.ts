import { type Packet, PacketType, type PublishPacket } from '@cauldron/protocol';
import type { Identity } from './durable-client.ts';
import type { SentMessage } from './history.ts';
import { indexOf, isIntact } from './payload.ts';
import { Wire } from './wire.ts';

/** What a store holds, as its clients see it. */
export interface Contents {
  /** Client identifiers whose session is there. */
  readonly sessions: readonly string[];
  /** Per client, message and QoS in the order they came. */
  readonly queues: Readonly<Record<string, readonly string[]>>;
  /** Topic and message, sorted. */
  readonly retained: readonly string[];
  /** What must not be, whatever was lost. */
  readonly problems: readonly string[];
}

/** Milliseconds without a packet after which there is nothing left. */
const QUIET = 300;
/** Milliseconds everything may take: queues may be long, and machines busy. */
const LIMIT = 120_000;

/** Comes back as every client, takes all that waits, and looks at what is retained. @throws Error where it never ends */
export async function drain(
  port: number,
  identities: readonly Identity[],
  messages: readonly SentMessage[],
): Promise<Contents> {
  const drainers = identities.map((identity) => new Drainer(port, identity, messages));
  const reader: Identity = { clientId: 'drain-reader', version: 5, receiveMaximum: 65_535, faithful: true };
  const retained = new Drainer(port, reader, messages, 'kept/#');
  const all = [...drainers, retained];
  const begun = performance.now();
  try {
    while (all.some((one) => !one.connected || performance.now() - one.lastPacketAt < QUIET)) {
      if (performance.now() - begun > LIMIT) {
        const counts = all.map(({ clientId, got }) => `${clientId} ${got.length}`).join(', ');
        throw new Error(`the store was not drained within ${LIMIT} ms: ${counts} messages came`);
      }
      const gone = all.find((one) => one.closed);
      if (gone !== undefined) throw new Error(`the broker closed the connection of ${gone.clientId}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    for (const one of all) one.stop();
  }
  return {
    sessions: drainers.filter(({ present }) => present).map(({ clientId }) => clientId),
    queues: Object.fromEntries(drainers.map(({ clientId, got }) => [clientId, got])),
    retained: retained.got.toSorted(),
    problems: all.flatMap(({ problems }) => problems),
  };
}

class Drainer {
  readonly clientId: string;
  readonly got: string[] = [];
  readonly problems: string[] = [];
  connected = false;
  closed = false;
  present = false;
  lastPacketAt = performance.now();
  readonly #wire: Wire;
  readonly #messages: readonly SentMessage[];
  readonly #filter: string | null;
  readonly #qos2 = new Set<number>();
  readonly #exact = new Set<number>();

  constructor(port: number, identity: Identity, messages: readonly SentMessage[], filter: string | null = null) {
    this.clientId = identity.clientId;
    this.#messages = messages;
    this.#filter = filter;
    this.#wire = new Wire(port, identity.version, {
      onPacket: (packet) => this.#received(packet),
      onClosed: () => {
        this.closed = true;
      },
      onMalformed: (error) => void this.problems.push(`${this.clientId}: ${error.message}`),
    });
    this.#wire.send({
      type: PacketType.connect,
      protocolVersion: identity.version,
      cleanStart: false,
      keepAlive: 0,
      clientId: this.clientId,
      properties: identity.version === 5 ? { sessionExpiryInterval: 100_000 } : undefined,
    });
  }

  stop(): void {
    this.#wire.cut();
  }

  #received(packet: Packet): void {
    this.lastPacketAt = performance.now();
    if (packet.type === PacketType.connack) {
      this.connected = true;
      this.present = packet.sessionPresent;
      if (this.#filter !== null) this.#subscribe(this.#filter);
    } else if (packet.type === PacketType.publish) this.#onPublish(packet);
    else if (packet.type === PacketType.pubrel) {
      this.#qos2.delete(packet.packetId);
      this.#wire.send({ type: PacketType.pubcomp, packetId: packet.packetId, reasonCode: 0 });
    }
  }

  #subscribe(filter: string): void {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    this.#wire.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [{ filter, qos: 1, ...options }],
    });
  }

  #onPublish({ qos, packetId, topic, payload }: PublishPacket): void {
    if (qos === 1) this.#wire.send({ type: PacketType.puback, packetId, reasonCode: 0 });
    if (qos === 2) {
      this.#wire.send({ type: PacketType.pubrec, packetId, reasonCode: 0 });
      if (this.#qos2.has(packetId)) return;
      this.#qos2.add(packetId);
    }
    // Wills become due when they do.
    if (topic.startsWith('wills/')) return;
    const index = indexOf(payload);
    const message = this.#messages[index];
    if (message?.topic !== topic || !isIntact(payload, message.size)) {
      this.problems.push(`${this.clientId}: ${payload.length} bytes on ${topic} are no message that was sent there`);
    }
    if (qos === 2 && this.#exact.has(index)) this.problems.push(`${this.clientId}: message ${index} came twice`);
    if (qos === 2) this.#exact.add(index);
    this.got.push(`${topic} ${index} QoS ${qos}`);
  }
}
