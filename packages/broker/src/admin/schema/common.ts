/** What several resources of the admin API have in common. */
import { z } from 'zod';

/** Milliseconds since 1970. */
export const time = z.number().int().describe('Milliseconds since 1970');

export const qos = z.union([z.literal(0), z.literal(1), z.literal(2)]).describe('Quality of service');

/** A whole number, zero or more. */
export const count = z.number().int().nonnegative();

/** How a list is asked for: a page at a time. Query parameters are text, so numbers are read from it. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Most entries of a page, 1 to 1000'),
  cursor: z.string().max(4096).optional().describe('`next` of the page before; absent = the first page'),
});

/** One page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    /** Entries of the whole list that fit what was asked; null = not counted. */
    total: count.nullable().describe('Entries in the whole list; null = not counted'),
    next: z.string().nullable().describe('`cursor` of the next page; null = this was the last'),
  });

/** Every answer of 400 and above. */
export const apiError = z.object({
  error: z.object({
    code: z.string().describe('What it is, for programs: stable, SCREAMING_SNAKE'),
    message: z.string().describe('What happened, why, and what to do, for people'),
    /** Where the request is wrong, as paths into it; only with VALIDATION_FAILED. */
    details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
});

/** Bytes of a message, in the form that fits them. */
export const payload = z.object({
  encoding: z.enum(['utf8', 'base64']).describe('`utf8` where the bytes are valid UTF-8 text, otherwise `base64`'),
  data: z.string(),
  /** Bytes of the whole payload. */
  size: count.describe('Bytes of the whole payload'),
  /** Only its beginning is here. */
  truncated: z.boolean().describe('Only the beginning is here'),
});

export type ApiError = z.output<typeof apiError>;
export type Payload = z.output<typeof payload>;
/** One page of a list of `T`. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number | null;
  readonly next: string | null;
}
