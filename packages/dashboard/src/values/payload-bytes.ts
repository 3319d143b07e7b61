import type { Payload } from '@cauldron/broker/admin-api';

type Bytes = Uint8Array<ArrayBuffer>;

/** The bytes of a payload, as far as they are here. */
export function payloadBytes({ encoding, data }: Pick<Payload, 'encoding' | 'data'>): Bytes {
  return encoding === 'utf8' ? (new TextEncoder().encode(data) as Bytes) : base64Bytes(data);
}

/** The text of a payload; bytes that are none stand as `�`. */
export function payloadText({ encoding, data }: Pick<Payload, 'encoding' | 'data'>): string {
  return encoding === 'utf8' ? data : new TextDecoder().decode(base64Bytes(data));
}

/** @throws {DOMException} the text is no base64 */
export function base64Bytes(text: string): Bytes {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** One line of a hex dump. */
export interface HexLine {
  /** Where it begins: `000001f0`. */
  readonly offset: string;
  /** `48 65 6c 6c 6f`, a wider gap in the middle. */
  readonly hex: string;
  /** Printable ASCII; everything else a dot. */
  readonly text: string;
}

/** Lines that a dump of so many bytes has. */
export const hexLines = (size: number, width: number): number => Math.ceil(size / width);

/** Line `index` of a hex dump. @param width bytes of a line */
export function hexLine(bytes: Uint8Array, index: number, width: number): HexLine {
  const start = index * width;
  const shown = [...bytes.subarray(start, start + width)];
  const pairs = shown.map((byte) => byte.toString(16).padStart(2, '0'));
  const half = width / 2;
  const right = pairs.slice(half).join(' ');
  return {
    offset: start.toString(16).padStart(bytes.length > 0xffffff ? 8 : 6, '0'),
    hex: `${pairs.slice(0, half).join(' ')}${right === '' ? '' : `  ${right}`}`.padEnd(width * 3),
    text: shown.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(''),
  };
}

/** The whole dump as text, to be copied. */
export function hexText(bytes: Uint8Array, width = 16): string {
  const lines = Array.from({ length: hexLines(bytes.length, width) }, (_, at) => hexLine(bytes, at, width));
  return lines.map(({ offset, hex, text }) => `${offset}  ${hex}  ${text}`).join('\n');
}
