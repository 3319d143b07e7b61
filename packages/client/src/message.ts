import type { Properties, QoS } from '@cauldron/protocol';

const utf8 = new TextDecoder();

/** A received message. It is the program's own: nothing changes it later. */
export class Message<P = Readonly<Record<string, string>>> {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  /** The broker had kept it for us; with `retainAsPublished`, it was published so. */
  readonly retain: boolean;
  /** It may have come before. */
  readonly dup: boolean;
  /** MQTT 5.0 only; undefined where there are none. */
  readonly properties: Properties | undefined;
  /** What the named wildcards of the subscription's filter stand for. */
  readonly params: P;
  /** The broker's packet identifier, for logs; 0 with QoS 0. */
  readonly packetId: number;

  constructor(
    topic: string,
    payload: Uint8Array,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    properties: Properties | undefined,
    params: P,
    packetId: number,
  ) {
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.dup = dup;
    this.properties = properties;
    this.params = params;
    this.packetId = packetId;
  }

  /** The payload as text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return utf8.decode(this.payload);
  }

  /** As {@link text}. */
  toString(): string {
    return this.text();
  }

  /** The payload as JSON. @throws {SyntaxError} when it is none */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }
}
