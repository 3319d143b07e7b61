/** Control characters, line separators, what changes the direction of text, and halves of characters. */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Characters of a client's text that are shown. */
const LONGEST = 128;

/**
 * Text that a client chose, for a line of the log: shortened, and unable to forge lines or drive a terminal.
 *
 * @example printable('a\nb') // 'a\\u000ab'
 */
export function printable(text: string, longest = LONGEST): string {
  return shortened(text, longest).replace(
    UNSAFE,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

/** The beginning of a text, with how much is missing. */
export function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}... (${text.length} characters)`;
}
