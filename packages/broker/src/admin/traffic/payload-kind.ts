import type { Payload, PayloadKind } from '../schema/index.ts';

/** What a payload looks like, and the line that stands for it. */
export interface Described {
  readonly kind: PayloadKind;
  /** Of an image. */
  readonly mediaType: string | null;
  /** Up to 120 characters. */
  readonly preview: string;
}

/** Characters of a row's line. */
const PREVIEW = 120;
/** Longer documents are judged by their ends: reading them would take milliseconds. */
const JSON_READ = 64 * 1024;
const LONGEST_NUMBER = 64;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const images: readonly { readonly mediaType: string; readonly name: string; fits(bytes: Uint8Array): boolean }[] = [
  { mediaType: 'image/png', name: 'PNG', fits: (b) => begins(b, 0, '\x89PNG\r\n\x1a\n') },
  { mediaType: 'image/jpeg', name: 'JPEG', fits: (b) => begins(b, 0, '\xff\xd8\xff') },
  { mediaType: 'image/gif', name: 'GIF', fits: (b) => begins(b, 0, 'GIF87a') || begins(b, 0, 'GIF89a') },
  { mediaType: 'image/webp', name: 'WebP', fits: (b) => begins(b, 0, 'RIFF') && begins(b, 8, 'WEBP') },
];

function begins(bytes: Uint8Array, at: number, text: string): boolean {
  if (bytes.length < at + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The type of an image that browsers show, by its first bytes; null = it is none. */
export function imageType(bytes: Uint8Array): string | null {
  return images.find((image) => image.fits(bytes))?.mediaType ?? null;
}

/**
 * The text that bytes are, null where they are none: not well-formed UTF-8. Where only the beginning of it is there, a
 * character that was cut at the end is left out.
 */
export function textOf(bytes: Uint8Array, cut: boolean): string | null {
  const whole = cut ? bytes.subarray(0, bytes.length - cutCharacter(bytes)) : bytes;
  try {
    return decoder.decode(whole);
  } catch {
    return null; // that is the answer: it is not text
  }
}

/** Bytes at the end that begin a character which goes on behind them. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    if (byte < 0xc2 || byte > 0xf4) return 0; // begins none
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

/** Control characters that no text has. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/**
 * What a payload looks like.
 *
 * @param bytes the payload, or the beginning of it
 * @param size bytes of the whole payload
 */
export function describePayload(bytes: Uint8Array, size: number): Described {
  if (size === 0) return { kind: 'empty', mediaType: null, preview: '' };
  const image = images.find((one) => one.fits(bytes));
  if (image !== undefined) {
    return { kind: 'image', mediaType: image.mediaType, preview: `${image.name} image, ${readableSize(size)}` };
  }
  const text = textOf(bytes, bytes.length < size);
  if (text === null || CONTROL.test(text)) {
    return { kind: 'binary', mediaType: null, preview: hexLine(bytes, size) };
  }
  return { kind: kindOfText(text, bytes.length < size), mediaType: null, preview: oneLine(text, bytes.length < size) };
}

function kindOfText(text: string, cut: boolean): PayloadKind {
  const trimmed = text.length > JSON_READ ? text : text.trim();
  if (!cut && trimmed.length <= LONGEST_NUMBER && NUMBER.test(trimmed)) return 'number';
  if (trimmed === 'true' || trimmed === 'false') return 'boolean';
  return looksLikeJson(trimmed, cut) ? 'json' : 'text';
}

function looksLikeJson(text: string, cut: boolean): boolean {
  const first = text[0];
  if (first !== '{' && first !== '[' && first !== '"' && text !== 'null') return false;
  if (cut) return /^(?:\{\s*"|\[\s*[[{"\d-])/.test(text.slice(0, 256));
  if (text.length > JSON_READ) return first !== '"' && text.trimEnd().endsWith(first === '{' ? '}' : ']');
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // that is the answer: it is not JSON
  }
}

/** The beginning of a text as one line of at most 120 characters. */
function oneLine(text: string, cut: boolean): string {
  const line = text
    .slice(0, 4 * PREVIEW)
    .replace(/\s+/g, ' ')
    .trim();
  if (line.length <= PREVIEW && !cut && text.length <= 4 * PREVIEW) return line;
  const head = line.slice(0, PREVIEW - 1);
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`;
}

const SHOWN_BYTES = 16;

function hexLine(bytes: Uint8Array, size: number): string {
  const shown = [...bytes.subarray(0, SHOWN_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${readableSize(size)}: ${shown}${size > SHOWN_BYTES ? ' …' : ''}`;
}

function readableSize(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * A payload as answers carry it.
 *
 * @param bytes the payload, or the beginning of it
 * @param size bytes of the whole payload
 */
export function toPayload(bytes: Uint8Array, size: number): Payload {
  const truncated = bytes.length < size;
  const text = textOf(bytes, truncated);
  if (text !== null) return { encoding: 'utf8', data: text, size, truncated };
  const { buffer, byteOffset, byteLength } = bytes;
  return { encoding: 'base64', data: Buffer.from(buffer, byteOffset, byteLength).toString('base64'), size, truncated };
}
