/** How a user's name gets into a search filter or a distinguished name without becoming a part of its grammar. */

/** What `%u` and the like stand for in a template. */
export type Placeholders = Readonly<Record<string, string>>;

const hex = (character: string): string => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

/**
 * A value as it is written in a search filter (RFC 4515 section 3): nothing in it is a wildcard or ends the filter.
 *
 * Only characters of ASCII are escaped: the others need not be, and stay whole.
 */
export function escapeFilterValue(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is one of the characters that must be escaped.
  return value.replace(/[\u0000*()\\]/g, hex);
}

/** A value as it is written in a distinguished name (RFC 4514 section 2.4): nothing in it begins another part. */
export function escapeDnValue(value: string): string {
  return (
    value
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character is no part of a readable name.
      .replace(/[\u0000-\u001f\u007f"+,;<=>\\]/g, hex)
      .replace(/^[ #]| $/g, hex)
  );
}

/**
 * Puts escaped values where `%u` and the like stand; `%%` is a percent sign.
 *
 * What a value holds is not looked at again, so a name like `%d` stays that name.
 */
export function fillTemplate(template: string, values: Placeholders, escaped: (value: string) => string): string {
  return template.replace(/%([a-z%])/g, (whole, letter: string) => {
    if (letter === '%') return '%';
    const value = values[letter];
    return value === undefined ? whole : escaped(value);
  });
}

/** The letters behind `%` in a template. */
export function placeholdersOf(template: string): Set<string> {
  return new Set(Array.from(template.matchAll(/%([a-z%])/g), (match) => match[1]!).filter((letter) => letter !== '%'));
}
