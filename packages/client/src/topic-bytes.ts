import { encodeUtf8 } from '@cauldron/protocol';

let lastTopic = '';
let lastBytes: Uint8Array = new Uint8Array(0);

/** A topic as UTF-8. Who publishes much publishes much to one topic: the last one is kept. */
export function encodeTopic(topic: string): Uint8Array {
  if (topic !== lastTopic) {
    lastBytes = encodeUtf8(topic);
    lastTopic = topic;
  }
  return lastBytes;
}
