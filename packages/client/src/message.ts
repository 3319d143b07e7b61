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

  constructor(
    topic: string,
    payload: Uint8Array,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    properties: Properties | undefined,
    params: P,
  ) {
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.dup = dup;
    this.properties = properties;
    this.params = params;
  }

  /** The payload as text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return utf8.decode(this.payload);
  }

  /** The payload as JSON. @throws {SyntaxError} when it is none */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }
}
