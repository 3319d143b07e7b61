import type { Action, ExplainRequest } from '@cauldron/broker/admin-api';

/** What is asked, as it stands in the fields of the form. */
export interface Question {
  readonly client: string;
  readonly user: string;
  readonly action: Action;
  readonly topic: string;
  /** With commas between them. */
  readonly roles: string;
  readonly groups: string;
}

export const ACTIONS: readonly (readonly [Action, string])[] = [
  ['publish', 'publish to'],
  ['subscribe', 'subscribe to'],
  ['receive', 'receive messages of'],
];

/** Reads a question from the address. */
export const readQuestion = (query: Readonly<Record<string, string>>): Question => ({
  client: query.client ?? '',
  user: query.user ?? '',
  action: ACTIONS.find(([id]) => id === query.action)?.[0] ?? 'publish',
  topic: query.topic ?? '',
  roles: query.roles ?? '',
  groups: query.groups ?? '',
});

/** The question as the broker takes it: what was left empty is not said, so that the client's own holds. */
export function requestOf({ client, user, action, topic, roles, groups }: Question): ExplainRequest {
  return {
    clientId: client,
    action,
    topic,
    ...(user !== '' && { username: user }),
    ...(roles.trim() !== '' && { roles: listOf(roles) }),
    ...(groups.trim() !== '' && { groups: listOf(groups) }),
  };
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
