/**
 * What the routes of the admin API and the live stream ask for. Each interface is one part of the admin edge: a folder beside
 * this file that implements it, and a file of routes that offers it.
 */
import type { z } from 'zod';
import type * as schema from './schema/index.ts';
import type {
  Client,
  ClientEvent,
  ClientRow,
  Dashboard,
  DashboardDocument,
  DashboardSummary,
  ExplainRequest,
  Explanation,
  FeedMessage,
  Graph,
  GraphView,
  History,
  Overview,
  Page,
  PublishRequest,
  PublishResult,
  ReceiversPage,
  RetainedDelete,
  RetainedDeleted,
  RetainedMessage,
  Subscription,
  TopicRows,
  TopicsView,
  TopicValue,
  Undone,
} from './schema/index.ts';

/** Which page of a list. */
export type PageQuery = z.output<typeof schema.pageQuery>;

/** Who does something, for the audit log: the user, or null = this machine without authentication. */
export type Operator = string | null;

/** How the broker is, and how it was in the last minutes. Folder `overview`. */
export interface OverviewService {
  overview(): Overview;
  history(): History;
}

/**
 * Clients, what happened to them, what they may do and get. Folder `clients`. What has to look at many sessions or
 * subscriptions does so in slices, so that the broker goes on meanwhile, and answers later.
 */
export interface ClientsService {
  /** Rejects with {@link ApiProblem} INVALID_CURSOR. */
  list(query: z.output<typeof schema.clientsQuery>): Promise<Page<ClientRow>>;
  /** null = there is no such session. */
  get(clientId: string): Client | null;
  /** null = there is no such session. Rejects with {@link ApiProblem} INVALID_CURSOR. */
  subscriptions(clientId: string, page: PageQuery): Promise<Page<Subscription> | null>;
  /** Newest first. @throws {ApiProblem} INVALID_CURSOR */
  events(query: z.output<typeof schema.eventsQuery>): Page<ClientEvent>;
  /** False = no such client is connected. */
  disconnect(clientId: string, reasonCode: number, reason: string, by: Operator): boolean;
  /** Ends the session, and its connection; false = there is none. */
  discard(clientId: string, by: Operator): boolean;
  /** undefined = the program brought its own authorizer, which explains nothing. @throws {ApiProblem} TOPIC_INVALID */
  explain(request: ExplainRequest): Explanation | undefined;
  /** Rejects with {@link ApiProblem} TOPIC_INVALID, INVALID_CURSOR. */
  receivers(query: z.output<typeof schema.receiversQuery>): Promise<ReceiversPage>;
}

/** Topics and what is on them. Folder `traffic`. Looks at messages only while somebody {@link TrafficService.watch watches}. */
export interface TrafficService {
  /** Looks at the traffic until the function that comes back is called; what was seen is kept a minute longer. */
  watch(): () => void;
  /** Resolves once what is retained has been gone through, which takes some turns after {@link watch}. */
  loaded(): Promise<void>;
  view(view: z.output<typeof schema.topicsView>): TopicRows;
  /** @throws {ApiProblem} INVALID_CURSOR */
  list(query: z.output<typeof schema.topicsQuery>): Page<TopicValue>;
  /** With the whole payload, where it is known; null = nothing was seen of it and nothing is retained. */
  value(topic: string): TopicValue | null;
  /** The bytes of the last message as they are; `truncated`: only the beginning is known, since nobody follows the topic. */
  payload(topic: string): {
    readonly bytes: Uint8Array;
    /** Of an image that browsers show. */
    readonly mediaType: string | null;
    readonly truncated: boolean;
  } | null;
  /** Keeps whole payloads of these topics (up to a megabyte each) until the function that comes back is called. */
  follow(topics: readonly string[]): () => void;
  /** A number that changes with each message of a topic: whether {@link TrafficService.value} has news. 0 = nothing seen. */
  version(topic: string): number;
  /**
   * Collects messages that match any of the filters.
   *
   * @returns `take`: what came since it was last called, the newest hundred, and how many more there were; `end`: no more
   */
  feed(filters: readonly string[]): FeedSource;
  graph(view: z.output<typeof schema.graphView>): Graph;
  /** @throws {ApiProblem} INVALID_TOPIC, TOPIC_RESERVED, INVALID_PAYLOAD */
  publish(request: z.output<typeof schema.publishRequest>): PublishResult;
}

export interface FeedSource {
  take(): { readonly messages: readonly FeedMessage[]; readonly missed: number };
  end(): void;
}

/** Retained messages, and deleting them with a way back. Folder `retained`. */
export interface RetainedService {
  /** @throws {ApiProblem} INVALID_CURSOR */
  list(query: z.output<typeof schema.retainedQuery>): Page<RetainedMessage>;
  /** A whole subtree in slices, so that the broker goes on meanwhile. */
  remove(request: z.output<typeof schema.retainedDelete>): Promise<RetainedDeleted>;
  /** Rejects with {@link ApiProblem} UNDO_GONE; NOT_RESTORED: it can be tried again. */
  undo(token: string): Promise<Undone>;
}

/** What users put together. Folder `dashboards`. */
export interface DashboardsService {
  /** They outlive the broker. */
  readonly kept: boolean;
  list(): readonly DashboardSummary[];
  get(id: string): Dashboard | null;
  /** @throws {ApiProblem} TOO_MANY_DASHBOARDS, DASHBOARD_TOO_LARGE, STORE_FAILED */
  create(document: DashboardDocument): Promise<Dashboard>;
  /** null = there is none. @throws {ApiProblem} REVISION_CONFLICT, DASHBOARD_TOO_LARGE, STORE_FAILED */
  update(id: string, change: z.output<typeof schema.dashboardUpdate>): Promise<Dashboard | null>;
  /** False = there is none. @throws {ApiProblem} STORE_FAILED */
  remove(id: string): Promise<boolean>;
}

export interface AdminServices {
  readonly overview: OverviewService;
  readonly clients: ClientsService;
  readonly traffic: TrafficService;
  readonly retained: RetainedService;
  readonly dashboards: DashboardsService;
}

export type { ExplainRequest, GraphView, PublishRequest, RetainedDelete, TopicsView };
