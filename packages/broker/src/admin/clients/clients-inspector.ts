import type { BrokerCore, Session } from '@cauldron/core';
import { topicFilterProblem, topicNameProblem } from '@cauldron/protocol';
import type { z } from 'zod';
import type { AccessSource, ExplainedClient, OperatorActions } from '../ports.ts';
import { ApiProblem, invalidCursor } from '../problem.ts';
import type * as schema from '../schema/index.ts';
import type {
  Client,
  ClientEvent,
  ClientRow,
  ExplainRequest,
  Explanation,
  Page,
  ReceiversPage,
  Subscription,
} from '../schema/index.ts';
import type { ClientsService, Operator, PageQuery } from '../services.ts';
import { clientOf, detailsOf, isFound, rowOf, shownSubscription } from './client-details.ts';
import { type EventHistory, shownEvent } from './event-history.ts';
import { OrderedPage, type Place } from './ordered-page.ts';
import { receiversOf } from './receivers.ts';
import { SlicedWork } from './sliced.ts';

type ClientsQuery = z.output<typeof schema.clientsQuery>;

/** What clients are looked at with. */
export interface ClientsParts {
  readonly core: BrokerCore;
  /** Of this broker, as its observer. */
  readonly events: EventHistory;
  readonly access: AccessSource;
  readonly actions: OperatorActions;
  /** Sessions, subscriptions or receivers that are looked at before the broker goes on; default 2,048. */
  readonly slice?: number;
}

/** A client nobody described: no rule knows its name. The same as that of `cauldron explain`. */
const NOBODY = 'explained-client';

/** Clients, what happened to them, what they may do and get. */
export class ClientsInspector implements ClientsService {
  readonly #core: BrokerCore;
  readonly #events: EventHistory;
  readonly #access: AccessSource;
  readonly #actions: OperatorActions;
  readonly #work: SlicedWork;

  constructor({ core, events, access, actions, slice }: ClientsParts) {
    this.#core = core;
    this.#events = events;
    this.#access = access;
    this.#actions = actions;
    this.#work = new SlicedWork(slice);
  }

  // ---- looking

  async list({ limit, cursor, search, state, sort }: ClientsQuery): Promise<Page<ClientRow>> {
    const page = new OrderedPage<Session>(`clients ${sort}`, { limit, cursor });
    const wanted = search.toLowerCase();
    const placeOf = PLACES[sort];
    await this.#work.each(this.#core.sessions.values(), (session) => {
      if (state !== undefined && session.away !== (state === 'away')) return;
      if (wanted === '' || isFound(session, wanted)) page.add(placeOf(session), session);
    });
    const { items, total, next } = page.page();
    return { items: items.map(rowOf), total, next };
  }

  get(clientId: string): Client | null {
    const session = this.#core.sessions.get(clientId);
    return session === undefined ? null : detailsOf(session, this.#access);
  }

  async subscriptions(clientId: string, query: PageQuery): Promise<Page<Subscription> | null> {
    const page = new OrderedPage<Subscription>('subscriptions', query);
    const session = this.#core.sessions.get(clientId);
    if (session === undefined) return null;
    await this.#work.each(session.subscriptions ?? [], ([filter, subscription]) =>
      page.add({ number: 0, name: filter }, shownSubscription(filter, subscription)),
    );
    return page.page();
  }

  events({ clientId, kind, limit, cursor }: z.output<typeof schema.eventsQuery>): Page<ClientEvent> {
    const kinds = kind === undefined ? null : new Set(kind.split(',').map((one) => one.trim()));
    const all = clientId === undefined ? this.#events.latest() : this.#events.of(clientId);
    const wanted = kinds === null ? all : all.filter((one) => kinds.has(one.kind));
    const before = cursor === undefined ? Number.POSITIVE_INFINITY : eventNumber(cursor);
    const rest = wanted.filter(({ id }) => id < before);
    const items = rest.slice(0, limit);
    const next = rest.length > limit ? `before-${items.at(-1)!.id}` : null;
    return { items: items.map(shownEvent), total: wanted.length, next };
  }

  // ---- changing

  disconnect(clientId: string, reasonCode: number, reason: string, by: Operator): boolean {
    const client = this.#core.sessions.get(clientId)?.connection?.client ?? null;
    if (client === null) return false;
    this.#actions.disconnecting(client, reason, reasonCode, by);
    return this.#events.byOperator(by, () => this.#core.disconnect(clientId, reasonCode, reason));
  }

  discard(clientId: string, by: Operator): boolean {
    const session = this.#core.sessions.get(clientId);
    if (session === undefined) return false;
    this.#actions.discarding(clientId, session.client, by);
    return this.#events.byOperator(by, () => this.#core.discardSession(clientId));
  }

  // ---- asking

  explain(request: ExplainRequest): Explanation | undefined {
    const { action, topic } = request;
    const isFilter = action === 'subscribe';
    const problem = isFilter ? topicFilterProblem(topic) : topicNameProblem(topic);
    if (problem !== undefined) {
      const what = isFilter ? 'topic filter' : 'topic name';
      throw new ApiProblem(400, 'TOPIC_INVALID', `'${topic}' is no ${what}: ${problem}. Correct it and ask again.`);
    }
    const client = this.#describedClient(request);
    if (action === 'publish' && /^\$SYS(\/|$)/.test(topic)) return this.#ownTopic(client, topic);
    return this.#access.explain(client, action, topic);
  }

  /** A client that is here, or was, with its rights; unless the request says who it is. */
  #describedClient({ clientId, username, roles, groups }: ExplainRequest): ExplainedClient {
    const session = this.#core.sessions.get(clientId ?? '');
    const here = session === undefined ? undefined : clientOf(session);
    const described = username !== undefined || roles !== undefined || groups !== undefined;
    if (here !== undefined && !described) return here;
    const user = username ?? (here?.verified === true ? here.username : undefined);
    return {
      clientId: clientId || NOBODY,
      username: user,
      verified: user !== undefined,
      rights: { key: 'explain', roles: roles ?? [], groups: groups ?? [] },
    };
  }

  /** The broker's own topics: whatever the rules say. */
  #ownTopic(client: ExplainedClient, topic: string): Explanation {
    const { roles = [], groups = [] } = this.#access.standing(client) ?? {};
    const lines = [
      `DENIED: nobody may publish to '${topic}'`,
      '  because topics below $SYS belong to the broker, whatever the rules say',
    ];
    return { allowed: false, lines, decidedBy: 'default', rules: [], roles: [...roles], groups: [...groups] };
  }

  receivers(query: z.output<typeof schema.receiversQuery>): Promise<ReceiversPage> {
    return receiversOf(this.#core, this.#work, query);
  }
}

const byNumber =
  (number: (session: Session) => number) =>
  (session: Session): Place => ({ number: number(session), name: session.clientId });

const PLACES: Readonly<Record<ClientsQuery['sort'], (session: Session) => Place>> = {
  clientId: byNumber(() => 0),
  connectedAt: byNumber(({ connection }) => connection?.connectedAt ?? 0),
  queued: byNumber(({ queuedMessages }) => queuedMessages),
  dropped: byNumber(({ drops }) => drops?.count ?? 0),
  received: byNumber(({ connection }) => connection?.publishReceived ?? 0),
  sent: byNumber(({ connection }) => connection?.output.publishSent ?? 0),
};

/** @throws {ApiProblem} INVALID_CURSOR */
function eventNumber(cursor: string): number {
  const [, id] = /^before-(\d{1,15})$/.exec(cursor) ?? [];
  if (id === undefined) throw invalidCursor();
  return Number(id);
}
