/**
 * SASLprep (RFC 4013) as SCRAM asks for it: one text for all the ways of typing it. Without the rule about mixed writing
 * directions and without the list of characters that Unicode 3.2 did not know, neither of which changes a text.
 */

/** Spaces that become U+0020 (RFC 3454 table C.1.2). */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;

/** What is left out (RFC 3454 table B.1). */
const IGNORED = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;

/** What must not occur (RFC 4013 section 2.3): control characters, private use, surrogates, non-characters, tags. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\u200e\u200f\u202a-\u202e]/u;

/** The prepared text; undefined = it holds what must not occur. */
export function saslprep(text: string): string | undefined {
  const prepared = text.replace(OTHER_SPACES, ' ').replace(IGNORED, '').normalize('NFKC');
  return PROHIBITED.test(prepared) ? undefined : prepared;
}
