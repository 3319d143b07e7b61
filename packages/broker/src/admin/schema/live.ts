/**
 * Live data: one stream of server-sent events a page (`GET /api/v1/live`), on which the broker sends what the page said it
 * shows (`PUT /api/v1/live/:stream`). What is sent is what the resource of that name answers, again when it changed.
 *
 *     page                                   broker
 *      | GET /live ----------------------------> |
 *      | <---------------- event: hello {stream} |
 *      | PUT /live/STREAM {overview, topics} --> |
 *      | <------------- event: overview {...}    |  at most once a second
 *      | <------------- event: topics {...}      |  at most twice a second
 */
import { z } from 'zod';
import { type Client, type ClientEvent, type ClientRow, clientsQuery } from './clients.ts';
import type { Page } from './common.ts';
import { type Graph, graphView } from './graph.ts';
import type { Overview } from './overview.ts';
import { type FeedMessage, type TopicRows, type TopicValue, topicsView } from './topics.ts';

/** What a page shows now; what is absent is not sent. It takes the place of what was said before. */
export const liveInterest = z.strictObject({
  /** Once a second. */
  overview: z.boolean().optional(),
  /** A part of the topic tree, at most twice a second. */
  topics: topicsView.optional(),
  /** Last values of these topics, at most ten times a second, only those that changed. */
  values: z.array(z.string().min(1).max(65_535)).max(500).optional(),
  /** Messages of topics that match any of these filters, as they come, at most ten times a second and a hundred at once. */
  feed: z.array(z.string().min(1).max(1024)).max(20).optional(),
  /** A page of the list of clients, once a second. */
  clients: clientsQuery.optional(),
  /** One client, by its identifier, with its newest events; once a second. */
  client: z.string().max(65_535).optional(),
  /** Twice a second. */
  graph: graphView.optional(),
});

export type LiveInterest = z.input<typeof liveInterest>;

/** What comes on the stream, by the name of the event. */
export interface LiveEvents {
  readonly hello: { readonly stream: string };
  readonly overview: Overview;
  readonly topics: TopicRows;
  readonly values: { readonly values: readonly TopicValue[] };
  /** `missed`: messages that came too fast to be shown one by one. */
  readonly feed: { readonly messages: readonly FeedMessage[]; readonly missed: number };
  readonly clients: Page<ClientRow>;
  /** null = there is no such client. */
  readonly client: { readonly client: Client | null; readonly events: readonly ClientEvent[] };
  readonly graph: Graph;
  /** The session of whoever looks has ended: log in again. */
  readonly goodbye: { readonly reason: string };
}
