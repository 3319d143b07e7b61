import {
  encodeFrame,
  type FrameLayout,
  type PublishBody,
  PublishFrame,
  type PublishView,
  type QoS,
} from '@cauldron/protocol';
import { Message } from '../message.ts';
import type { Subscriber } from '../ports.ts';
import type { StoredMessage } from '../store/stored-message.ts';
import type { Topic } from './topic-table.ts';

const layouts: readonly FrameLayout[] = [0, 1, 2, 3].map((key) => ({
  version5: (key & 1) !== 0,
  hasId: (key & 2) !== 0,
  identifiers: null,
  topicAlias: 0,
  omitTopic: false,
  expiry: -1,
}));

/**
 * One message on its way to its subscribers: encoded once per wire layout, and copied into memory of its own only when a
 * subscriber has to keep it. One fanout serves every publish in turn, so it is valid only during `router.publish`.
 */
export class Fanout {
  topic!: Topic;
  qos: QoS = 0;
  /** The retain flag it was published with. */
  retain = false;
  /** Who published it, where that is a subscriber too. */
  publisher: Subscriber | null = null;
  /** What the store shall know of it; null while nobody needs that it does. */
  record: StoredMessage | null = null;
  /** It changed what its topic has retained in the store. */
  changedRetained = false;
  #view: PublishView | null = null;
  #message: Message | null = null;
  #now = 0;
  /** Bit per layout: its frame is ready for this message. */
  #ready = 0;
  readonly #frames = [new PublishFrame(), new PublishFrame(), new PublishFrame(), new PublishFrame()];
  readonly #scratch: Uint8Array[] = [
    new Uint8Array(512),
    new Uint8Array(512),
    new Uint8Array(512),
    new Uint8Array(512),
  ];
  readonly #special = new PublishFrame();
  #specialScratch: Uint8Array = new Uint8Array(512);

  /** Starts with a packet that is being read. */
  startView(topic: Topic, view: PublishView, publisher: Subscriber | null, now: number): void {
    this.#start(topic, view.qos, view.retain, publisher, now);
    this.#view = view;
    this.#message = null;
  }

  /** Starts with a message that has its own bytes. */
  startMessage(topic: Topic, message: Message, publisher: Subscriber | null, now: number): void {
    this.#start(topic, message.qos, message.retain, publisher, now);
    this.#view = null;
    this.#message = message;
  }

  #start(topic: Topic, qos: QoS, retain: boolean, publisher: Subscriber | null, now: number): void {
    this.topic = topic;
    this.qos = qos;
    this.retain = retain;
    this.publisher = publisher;
    this.record = null;
    this.changedRetained = false;
    this.#now = now;
    this.#ready = 0;
  }

  /**
   * What to encode from: a packet that came with an alias instead of its topic first becomes a message with one. Its bytes
   * are valid as long as the fanout is.
   */
  get body(): PublishBody {
    const view = this.#view;
    return view === null || view.topicEnd === view.topicStart ? this.message() : view;
  }

  /** The message as something to keep. */
  message(): Message {
    this.#message ??= Message.fromView(this.#view!, this.topic.name, this.topic.bytes, this.#now);
    return this.#message;
  }

  /** Bytes it takes to keep the message. */
  get size(): number {
    return this.#message?.size ?? Message.sizeOf(this.#view!, this.topic.bytes);
  }

  /** The message encoded for a version, with or without room for a packet identifier. */
  frame(version5: boolean, hasId: boolean): PublishFrame {
    const key = (version5 ? 1 : 0) | (hasId ? 2 : 0);
    const frame = this.#frames[key]!;
    if ((this.#ready & (1 << key)) === 0) {
      this.#ready |= 1 << key;
      this.#encode(key, frame);
    }
    return frame;
  }

  #encode(key: number, frame: PublishFrame): void {
    const view = this.#view;
    // The packet as it came is the packet to send where the layout is the same: the usual case.
    if (
      view !== null &&
      view.version5 === ((key & 1) !== 0) &&
      view.qos > 0 === ((key & 2) !== 0) &&
      view.aliasAt < 0 &&
      view.minimal &&
      view.topicEnd > view.topicStart
    ) {
      frame.point(
        view.bytes,
        view.frameStart,
        view.end,
        view.qos > 0 ? view.topicEnd - view.frameStart : -1,
        view.owned,
      );
      return;
    }
    this.#scratch[key] = encodeFrame(this.body, layouts[key]!, frame, this.#scratch[key]!);
  }

  /** The message encoded for one receiver: with subscription identifiers or a topic alias. Valid until the next call. */
  specialFrame(
    hasId: boolean,
    identifiers: readonly number[] | null,
    topicAlias: number,
    omitTopic: boolean,
  ): PublishFrame {
    const layout = { version5: true, hasId, identifiers, topicAlias, omitTopic, expiry: -1 };
    this.#specialScratch = encodeFrame(this.body, layout, this.#special, this.#specialScratch);
    return this.#special;
  }

  /** Lets go of the read buffer and the message. */
  finish(): void {
    this.#view = null;
    this.#message = null;
    this.publisher = null;
    this.record = null;
  }
}
