/** `1 client`, `1,240 clients`. */
export const countOf = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${plural(count, what, `${what}s`)}`;

/** The word for one, or the word for several. */
export const plural = (count: number, one: string, several: string): string => (count === 1 ? one : several);
