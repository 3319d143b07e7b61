/**
 * UTF-8 encoded strings (MQTT 5.0 section 1.5.4): well-formed, without U+0000, with any byte order mark kept.
 *
 * Short ASCII strings, which most topics are, are handled in a loop; calling the platform costs about as much as
 * 24 bytes of that loop, so longer ones and everything beyond ASCII go to TextDecoder and TextEncoder.
 */
import { malformed } from '../error.ts';

interface PlatformText {
  readonly TextDecoder: new (
    label: string,
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
  readonly TextEncoder: new () => {
    encodeInto(text: string, target: Uint8Array): { read: number; written: number };
  };
}

// Node, browsers and workers all have both; the package is compiled without the types of any of them.
const platform = globalThis as unknown as PlatformText;
// [MQTT-1.5.4-3] ignoreBOM means "do not treat it specially": U+FEFF stays in the string.
const decoder = new platform.TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new platform.TextEncoder();

const shortText = 24;

/**
 * The string in `bytes[start, end)`.
 *
 * @throws MqttError MALFORMED_PACKET where the bytes are no well-formed UTF-8 or contain U+0000.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > shortText) return decodeLong(bytes, start, end);
  let text = '';
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    if ((a | b | c | d) > 0x7f || a === 0 || b === 0 || c === 0 || d === 0) return decodeLong(bytes, start, end);
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte > 0x7f || byte === 0) return decodeLong(bytes, start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeLong(bytes: Uint8Array, start: number, end: number): string {
  let text: string;
  try {
    text = decoder.decode(bytes.subarray(start, end));
  } catch {
    // [MQTT-1.5.4-1] The platform's decoder refuses overlong forms, surrogates and cut sequences.
    throw malformed('a string is not well-formed UTF-8; encode strings as UTF-8 before sending them', 'MQTT-1.5.4-1');
  }
  if (text.includes('\0')) throw nullCharacter(); // [MQTT-1.5.4-2]
  return text;
}

/**
 * True where `bytes[start, end)` is a string that `decodeUtf8` accepts: well-formed UTF-8 without U+0000.
 * Allocates nothing, for strings that are passed on without being read.
 */
export function isValidUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    if (lead === 0) return false; // [MQTT-1.5.4-2]
    if (lead < 0x80) {
      at++;
      continue;
    }
    const length = sequenceLength(lead);
    if (length === 0 || at + length > end) return false;
    if (!isSecondByte(lead, bytes[at + 1]!)) return false;
    for (let index = at + 2; index < at + length; index++) {
      if ((bytes[index]! & 0xc0) !== 0x80) return false;
    }
    at += length;
  }
  return true;
}

/** Length of a sequence beyond ASCII by its first byte; 0 for a byte that starts none. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2) return 0; // a continuation byte, or an overlong form of ASCII
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0; // nothing lies beyond U+10FFFF
}

/** The second byte tells overlong forms, surrogates and code points beyond U+10FFFF (RFC 3629 section 4). */
function isSecondByte(lead: number, byte: number): boolean {
  switch (lead) {
    case 0xe0:
      return byte >= 0xa0 && byte <= 0xbf;
    case 0xed:
      return byte >= 0x80 && byte <= 0x9f; // [MQTT-1.5.4-1] U+D800..U+DFFF would be a0..bf
    case 0xf0:
      return byte >= 0x90 && byte <= 0xbf;
    case 0xf4:
      return byte >= 0x80 && byte <= 0x8f;
    default:
      return (byte & 0xc0) === 0x80;
  }
}

/** How many bytes `text` takes in UTF-8. A lone surrogate counts 3; `encodeUtf8Into` refuses it. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) length++;
    else if (isPair(text, at, unit)) {
      length += 2;
      at++;
    } else length += 2;
  }
  return length;
}

function isPair(text: string, at: number, unit: number): boolean {
  if (unit < 0xd800 || unit > 0xdbff) return false;
  const next = text.charCodeAt(at + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

/** `text` as UTF-8 in bytes of its own; refuses what `encodeUtf8Into` refuses. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  encodeUtf8Into(text, bytes, 0);
  return bytes;
}

/**
 * Writes `text` to `target` at `at`, where the caller has made `utf8Length(text)` bytes of room.
 *
 * @returns the offset after the last byte written.
 * @throws MqttError MALFORMED_PACKET for U+0000 and lone surrogates, which no MQTT string may hold.
 */
export function encodeUtf8Into(text: string, target: Uint8Array, at: number): number {
  if (text.length > shortText) return encodeLong(text, target, at);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f || unit === 0) return encodeLong(text, target, at);
    target[at + index] = unit;
  }
  return at + text.length;
}

function encodeLong(text: string, target: Uint8Array, at: number): number {
  // [MQTT-1.5.4-1]
  if (!text.isWellFormed()) {
    throw malformed(`a string ${holdsHalfPair}`, 'MQTT-1.5.4-1');
  }
  if (text.includes('\0')) throw nullCharacter(); // [MQTT-1.5.4-2]
  return at + encoder.encodeInto(text, target.subarray(at)).written;
}

/** What is wrong with a text, to go behind what it is. */
export const holdsNull = 'contains the null character U+0000, which MQTT does not allow';
export const holdsHalfPair = 'contains half of a surrogate pair, which is no valid Unicode';

function nullCharacter(): Error {
  return malformed(`a string ${holdsNull}`, 'MQTT-1.5.4-2');
}
