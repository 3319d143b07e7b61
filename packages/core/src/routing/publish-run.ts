import { PublishView } from '@cauldron/protocol';
import type { Session } from '../session/session.ts';
import type { Topic } from './topic-table.ts';

/**
 * Plain QoS 0 publishes to one topic that stand next to each other in one read buffer. Each is by itself what its
 * subscribers get, byte for byte, so a subscriber that takes them in that form gets the whole run with one copy. It lives
 * only while its buffer is being read: the connection ends it before anything else happens.
 *
 *     read buffer:  ... [0x30 topic x][0x30 topic y][0x30 topic z] [SUBSCRIBE ...
 *                       ^start                                    ^end       count = 3
 */
export class PublishRun {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** 0 = there is no run. */
  count = 0;
  /** The longest packet in it, bytes. */
  largest = 0;
  version5 = false;
  topic!: Topic;
  publisher: Session | null = null;
  #topicStart = 0;
  readonly #view = new PublishView();

  /** Starts with a packet that {@link fits}. */
  begin(topic: Topic, view: PublishView, publisher: Session | null): void {
    this.bytes = view.bytes;
    this.start = view.frameStart;
    this.end = view.end;
    this.count = 1;
    this.largest = view.end - view.frameStart;
    this.version5 = view.version5;
    this.topic = topic;
    this.publisher = publisher;
    this.#topicStart = view.topicStart;
  }

  /** Whether a packet can be part of a run: it goes out as it came in. */
  static fits(view: PublishView): boolean {
    return view.qos === 0 && !view.retain && view.minimal && view.topicAlias === 0 && !view.hasSubscriptionIdentifiers;
  }

  /** Takes a packet in where it goes on with the run; false where it does not. */
  extend(view: PublishView): boolean {
    if (this.count === 0 || view.frameStart !== this.end || view.bytes !== this.bytes) return false;
    if (!PublishRun.fits(view)) return false;
    const { bytes } = this;
    const length = view.topicEnd - view.topicStart;
    if (length !== this.topic.bytes.length) return false;
    for (let i = view.topicStart, o = this.#topicStart; i < view.topicEnd; i++, o++) {
      if (bytes[i] !== bytes[o]) return false;
    }
    this.end = view.end;
    this.count += 1;
    const size = view.end - view.frameStart;
    if (size > this.largest) this.largest = size;
    return true;
  }

  /** Shows the packets of the run one by one, in a view of its own: the decoder's may show what comes behind. */
  each(visit: (view: PublishView) => void): void {
    const view = this.#view;
    for (let at = this.start; at < this.end; ) {
      let body = at + 1;
      let length = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = this.bytes[body++]!;
        length += (byte & 127) * factor;
        if (byte < 128) break;
      }
      view.read(this.bytes, at, body, body + length, this.version5);
      at = body + length;
      visit(view);
    }
  }

  /** Lets go of the read buffer. */
  clear(): void {
    this.count = 0;
    this.publisher = null;
  }
}
