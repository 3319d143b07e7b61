/** Payloads as people read and write them. */

const strict = new TextDecoder('utf-8', { fatal: true });
/** Bytes a dump shows; more helps nobody and makes the page slow. */
const MOST_DUMPED = 4096;

/** The payload as text, or null where it is none: not UTF-8, or with control characters other than tab and line breaks. */
export function textOf(payload: Uint8Array): string | null {
  try {
    const text = strict.decode(payload);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** One line of it, for lists. @param most characters */
export function preview(payload: Uint8Array, most = 240): string {
  // A character takes at most four bytes; one that is cut in two would make text look like bytes.
  const text = textOf(payload.length > most * 4 ? withoutHalfCharacter(payload.subarray(0, most * 4)) : payload);
  if (text !== null) return clip(text.replaceAll(/\s+/g, ' ').trim(), most);
  return clip(hexOf(payload.subarray(0, Math.ceil(most / 3))), most);
}

const clip = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

function withoutHalfCharacter(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > bytes.length - 4 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, Math.max(0, end - 1));
}

/** JSON of objects and lists, indented; null where the text is none. */
export function prettyJson(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** `0a ff 00` */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Lines of 16 bytes: where they stand, the bytes, and the characters of ASCII among them. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  const end = Math.min(bytes.length, MOST_DUMPED);
  for (let at = 0; at < end; at += 16) {
    const part = bytes.subarray(at, Math.min(at + 16, end));
    const ascii = Array.from(part, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hexOf(part).padEnd(47)}  ${ascii}`);
  }
  if (bytes.length > end) lines.push(`… and ${bytes.length - end} bytes more`);
  return lines.join('\n');
}

/** Reads `0aff00`, `0a ff 00`, `0x0A,0xFF`; null where it is no such thing. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  const digits = text.replaceAll(/0x/gi, ' ').replaceAll(/[\s,:]+/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
