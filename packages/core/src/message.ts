import {
  copyBytes,
  copyOf,
  decodeBodyProperties,
  decodeUtf8,
  encodePublish,
  type Properties,
  type PublishBody,
  PublishView,
  type QoS,
  Reader,
} from '@cauldron/protocol';
import type { PublishDraft } from './ports.ts';
import { ByteReader, type ByteWriter, numberSize } from './store/bytes.ts';

const noBytes = new Uint8Array(0);

/** Flags of a stored message, beside its QoS. */
const RETAIN = 4;
const EXPIRES = 8;
/** A Topic Alias property on the wire (section 3.3.2.3.4). */
const ALIAS_SIZE = 3;

/**
 * A message that outlives the call it arrived in: immutable, and the owner of its bytes. It keeps the parts as they were
 * on the wire, so sending it on is copying ranges.
 */
export class Message implements PublishBody {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Milliseconds on the core's clock at which it expires; Infinity = never. */
  readonly expiresAt: number;
  readonly bytes: Uint8Array;
  readonly topicStart: number;
  readonly topicEnd: number;
  readonly propertiesStart: number;
  readonly propertiesEnd: number;
  readonly payloadStart: number;
  readonly end: number;
  readonly aliasAt: number;
  readonly expiryAt: number;

  /** `shift` is what has to be added to the body's offsets to find the parts in `bytes`. */
  private constructor(
    topic: string,
    qos: QoS,
    retain: boolean,
    expiresAt: number,
    bytes: Uint8Array,
    topicStart: number,
    topicEnd: number,
    body: PublishBody,
    shift: number,
  ) {
    this.topic = topic;
    this.qos = qos;
    this.retain = retain;
    this.expiresAt = expiresAt;
    this.bytes = bytes;
    this.topicStart = topicStart;
    this.topicEnd = topicEnd;
    this.propertiesStart = body.propertiesStart + shift;
    this.propertiesEnd = body.propertiesEnd + shift;
    this.payloadStart = body.payloadStart + shift;
    this.end = body.end + shift;
    this.aliasAt = body.aliasAt < 0 ? -1 : body.aliasAt + shift;
    this.expiryAt = body.expiryAt < 0 ? -1 : body.expiryAt + shift;
  }

  /**
   * Keeps what a view shows: one copy, or none where the view's bytes belong to this packet alone.
   *
   * @param topic the topic as text
   * @param topicBytes the same in UTF-8; needed where the packet carries an alias instead
   * @param now milliseconds
   */
  static fromView(view: PublishView, topic: string, topicBytes: Uint8Array, now: number): Message {
    const expiresAt = view.expiry < 0 ? Number.POSITIVE_INFINITY : now + view.expiry * 1000;
    if (view.topicEnd === view.topicStart) {
      const rest = view.end - view.propertiesStart;
      const bytes = new Uint8Array(topicBytes.length + rest);
      bytes.set(topicBytes);
      copyBytes(view.bytes, view.propertiesStart, view.end, bytes, topicBytes.length);
      const shift = topicBytes.length - view.propertiesStart;
      return new Message(topic, view.qos, view.retain, expiresAt, bytes, 0, topicBytes.length, view, shift);
    }
    if (view.owned) {
      const { topicStart, topicEnd } = view;
      return new Message(topic, view.qos, view.retain, expiresAt, view.bytes, topicStart, topicEnd, view, 0);
    }
    const start = view.topicStart;
    const bytes = new Uint8Array(view.end - start);
    copyBytes(view.bytes, start, view.end, bytes, 0);
    return new Message(topic, view.qos, view.retain, expiresAt, bytes, 0, view.topicEnd - start, view, -start);
  }

  /** The {@link size} that {@link fromView} leads to. */
  static sizeOf(view: PublishView, topicBytes: Uint8Array): number {
    if (view.topicEnd === view.topicStart) return topicBytes.length + view.end - view.propertiesStart;
    return view.owned ? view.bytes.length : view.end - view.topicStart;
  }

  /**
   * Makes a message from parts, as programs, wills and interceptors do. The parts are copied.
   *
   * @param now milliseconds
   */
  static create(draft: PublishDraft, now: number): Message {
    const packetId = draft.qos === 0 ? 0 : 1;
    const properties = forwardable(draft.properties);
    const frame = encodePublish({ type: 3, ...draft, dup: false, packetId, properties }, 5);
    const header = new Reader(frame, 1, frame.length);
    header.varint();
    const view = new PublishView();
    view.read(frame, 0, header.at, frame.length, true);
    view.owned = true;
    return Message.fromView(view, draft.topic, noBytes, now);
  }

  /**
   * Writes the message for a store; {@link Message.stored} reads it. Without a Topic Alias, which ends with its connection.
   *
   *     | flags | expires at | topic length | properties length | expiry at | topic | properties | payload |
   *             ^ with an expiry only                           ^ with an expiry only
   */
  write(out: ByteWriter): void {
    const { bytes, topicStart, topicEnd, aliasAt } = this;
    const expires = this.expiryAt >= 0;
    out.byte(this.qos | (this.retain ? RETAIN : 0) | (expires ? EXPIRES : 0));
    if (expires) out.number(this.expiresAt);
    out.number(topicEnd - topicStart);
    out.number(this.#storedProperties);
    if (expires) out.number(this.#storedExpiryAt);
    out.raw(bytes, topicStart, topicEnd);
    if (aliasAt < 0) {
      out.raw(bytes, this.propertiesStart, this.propertiesEnd);
    } else {
      out.raw(bytes, this.propertiesStart, aliasAt);
      out.raw(bytes, aliasAt + ALIAS_SIZE, this.propertiesEnd);
    }
    out.raw(bytes, this.payloadStart, this.end);
  }

  /** Bytes that {@link write} takes. */
  get storedSize(): number {
    const topic = this.topicEnd - this.topicStart;
    const properties = this.#storedProperties;
    const expiry = this.expiryAt < 0 ? 0 : numberSize(this.expiresAt) + numberSize(this.#storedExpiryAt);
    return 1 + expiry + numberSize(topic) + numberSize(properties) + topic + properties + this.payloadLength;
  }

  get #storedProperties(): number {
    return this.propertiesEnd - this.propertiesStart - (this.aliasAt < 0 ? 0 : ALIAS_SIZE);
  }

  /** Where the Message Expiry Interval stands in the properties once the alias is gone. */
  get #storedExpiryAt(): number {
    const before = this.aliasAt >= 0 && this.aliasAt < this.expiryAt ? ALIAS_SIZE : 0;
    return this.expiryAt - this.propertiesStart - before;
  }

  /**
   * Reads what {@link write} wrote. The message keeps using the bytes, which must not change.
   *
   * @throws {RangeError} where the bytes are no message
   */
  static stored(bytes: Uint8Array): Message {
    const reader = new ByteReader(bytes);
    const flags = reader.byte();
    const expires = (flags & EXPIRES) !== 0;
    const expiresAt = expires ? reader.number() : Number.POSITIVE_INFINITY;
    const topicLength = reader.number();
    const propertiesLength = reader.number();
    const expiryAt = expires ? reader.number() : -1;
    const topicStart = reader.at;
    const topicEnd = topicStart + topicLength;
    const propertiesEnd = topicEnd + propertiesLength;
    const qos = (flags & 3) as QoS;
    if (propertiesEnd > bytes.length || (flags & 3) === 3) {
      throw new RangeError('the bytes of a stored message are damaged');
    }
    const body: PublishBody = {
      bytes,
      topicStart,
      topicEnd,
      propertiesStart: topicEnd,
      propertiesEnd,
      payloadStart: propertiesEnd,
      end: bytes.length,
      aliasAt: -1,
      expiryAt: expiryAt < 0 ? -1 : topicEnd + expiryAt,
    };
    const topic = decodeUtf8(bytes, topicStart, topicEnd);
    return new Message(topic, qos, (flags & RETAIN) !== 0, expiresAt, bytes, topicStart, topicEnd, body, 0);
  }

  /** The same message as if it was published at `now`: a will's expiry counts from its publication. */
  static refreshed(message: Message, now: number): Message {
    const properties = message.properties();
    const expiry = properties?.messageExpiryInterval;
    if (expiry === undefined) return message;
    const { topic, qos, retain } = message;
    return Message.create({ topic, payload: message.payload(), qos, retain, properties }, now);
  }

  /** The properties as they were published, undefined where there are none. */
  properties(): Properties | undefined {
    return decodeBodyProperties(this);
  }

  /** Bytes this message holds, for queue limits. */
  get size(): number {
    return this.bytes.length;
  }

  /** A copy of the payload. */
  payload(): Uint8Array {
    return copyOf(this.bytes, this.payloadStart, this.end);
  }

  get payloadLength(): number {
    return this.end - this.payloadStart;
  }

  /** Whole seconds left at `now`, at least 0; -1 for a message that never expires. */
  remainingExpiry(now: number): number {
    if (this.expiryAt < 0) return -1;
    return Math.max(0, Math.ceil((this.expiresAt - now) / 1000)); // [MQTT-3.3.2-6]
  }

  expired(now: number): boolean {
    return this.expiresAt <= now;
  }
}

/** What is passed on of a publisher's properties: neither aliases nor subscription identifiers. */
function forwardable(properties: Properties | undefined): Properties | undefined {
  if (properties === undefined) return undefined;
  const { topicAlias: _alias, subscriptionIdentifiers: _ids, willDelayInterval: _delay, ...rest } = properties;
  return rest;
}
