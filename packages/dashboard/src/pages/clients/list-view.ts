import type { ClientsQuery } from '@cauldron/broker/admin-api';

export type Sort = NonNullable<ClientsQuery['sort']>;

/** Orders of the list, in words. */
export const SORTS: readonly (readonly [Sort, string])[] = [
  ['clientId', 'by identifier'],
  ['connectedAt', 'newest connection first'],
  ['queued', 'most queued first'],
  ['dropped', 'most dropped first'],
  ['received', 'most sent by it first'],
  ['sent', 'most sent to it first'],
];

export type StateFilter = 'all' | 'connected' | 'away';

export const STATES: readonly (readonly [StateFilter, string])[] = [
  ['all', 'all'],
  ['connected', 'connected'],
  ['away', 'away'],
];

/** What part of the list is shown, as it stands in the address. */
export interface ListView {
  readonly search: string;
  readonly state: StateFilter;
  readonly sort: Sort;
}

const known = <T extends string>(all: readonly (readonly [T, string])[], value: string | undefined, or: T): T =>
  all.find(([id]) => id === value)?.[0] ?? or;

/** Reads the address; what it does not say, or wrong, is as at the beginning. */
export const readView = (query: Readonly<Record<string, string>>): ListView => ({
  search: (query.q ?? '').slice(0, 256),
  state: known(STATES, query.state, 'all'),
  sort: known(SORTS, query.sort, 'clientId'),
});

/** The same for the address, without what is as at the beginning. */
export const writeView = ({ search, state, sort }: ListView): Readonly<Record<string, string | undefined>> => ({
  q: search,
  state: state === 'all' ? undefined : state,
  sort: sort === 'clientId' ? undefined : sort,
});

/** Rows of a page of the list. */
export const PAGE_ROWS = 100;

/** What is asked of the broker. */
export const queryOf = ({ search, state, sort }: ListView, cursor: string | undefined): ClientsQuery => ({
  search,
  sort,
  limit: PAGE_ROWS,
  ...(state !== 'all' && { state }),
  ...(cursor !== undefined && { cursor }),
});
