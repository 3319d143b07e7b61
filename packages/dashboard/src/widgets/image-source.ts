import type { TopicValue } from '@cauldron/broker/admin-api';

/** How a browser may show the last message of a topic as a picture. */
export type ImageSource =
  | { readonly url: string }
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly mediaType: string }
  | { readonly problem: string };

/**
 * The picture in a message: its bytes, or text that is a picture (SVG, or a `data:` address of one).
 *
 * @param payloadUrl where the broker serves the whole payload
 */
export function imageSource(value: TopicValue, payloadUrl: string): ImageSource {
  const { payload, kind, mediaType, topic } = value;
  if (payload.size === 0) return { problem: `the last message on ${topic} is empty` };
  if (payload.encoding === 'utf8' && /^data:image\/[\w.+-]+[;,]/.test(payload.data) && !payload.truncated) {
    return { url: payload.data.trim() };
  }
  if (kind !== 'image' || mediaType === null) return { problem: `the last message on ${topic} is no picture` };
  if (payload.truncated) return { url: payloadUrl };
  const bytes = payload.encoding === 'base64' ? fromBase64(payload.data) : new TextEncoder().encode(payload.data);
  return { bytes, mediaType };
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
