/** What the fields of a line mean. Absent where there is nothing to say. */
export const auditFields = {
  user: 'user name: proved in `login`, otherwise as the client gave it',
  client: 'client identifier',
  address: "the peer's address and port",
  listener: 'name of the listener it came through',
  provider:
    'who vouched for the user, or refused it: a provider, `certificate`, `psk`, or `nobody` for anonymous clients',
  method: 'method of enhanced authentication',
  protocol: 'MQTT version: `3.1`, `3.1.1` or `5.0`',
  anonymous: '`true`: nobody checked who it is',
  cached: '`true`: the same login was verified shortly before, and no provider was asked',
  again: '`true`: a connected client authenticated again',
  kind: 'what kept it: `credentials`, `anonymous`, `method`, `delayed` (too many failures before), `unavailable` (a provider did not answer), `busy`, `dashboard` (the user may not use it, or not do that with it), or `connection` for everything that is no matter of who it is',
  reason: 'why, in words; more than the client was told',
  code: 'MQTT 5.0 reason code, a number',
  action: '`publish` or `subscribe`',
  topic: 'topic name or filter',
  limit: 'name of the limit in the configuration',
  seconds: 'how long it lasts',
  by: 'who did it: of `logout` `client`, `server` or `network`; otherwise `signal`, `api`, `dashboard`, `file` (one that changed), or the user of the dashboard, where that is known',
  users: 'user names, the first 100',
  what: 'what was read again: `users`, `rules`, `certificates`, ...',
  ok: '`false`: it failed, and what was there before holds on',
  listeners: 'addresses the broker listens on, one text each',
  version: "the broker's version",
  count: 'so many more of the same followed the line that came first',
  lines: 'how many lines are missing here',
} as const;

export type AuditField = keyof typeof auditFields;

/** Kinds of events, of which the configuration chooses (`audit.events`). */
export const auditGroups = ['login', 'refusal', 'denial', 'ban', 'administration'] as const;

export type AuditGroup = (typeof auditGroups)[number];

interface EventRow {
  /** Absent = it is written whatever is chosen. */
  readonly group?: AuditGroup;
  readonly what: string;
  readonly fields: readonly AuditField[];
  /** Repetitions are folded into one line. */
  readonly folded?: true;
}

const peer = ['user', 'client', 'address', 'listener'] as const;

/** Everything that is written, with the fields each line may have beside `time` and `event`. */
export const auditEvents = {
  start: { group: 'administration', what: 'the broker listens', fields: ['version', 'listeners'] },
  stop: { group: 'administration', what: 'the broker stops', fields: ['reason'] },
  login: {
    group: 'login',
    what: 'a client logged in',
    fields: [...peer, 'provider', 'method', 'protocol', 'anonymous', 'cached', 'again'],
  },
  logout: { group: 'login', what: 'the connection of a client ended', fields: [...peer, 'reason', 'code', 'by'] },
  refused: {
    group: 'refusal',
    what: 'a login or connection was refused',
    fields: [...peer, 'kind', 'provider', 'method', 'protocol', 'reason', 'code', 'again', 'count'],
    folded: true,
  },
  denied: {
    group: 'denial',
    what: 'a client may not publish or subscribe there',
    fields: [...peer, 'action', 'topic', 'reason', 'code', 'count'],
    folded: true,
  },
  throttled: {
    group: 'ban',
    what: 'a client is read from more slowly',
    fields: [...peer, 'limit', 'count'],
    folded: true,
  },
  banned: {
    group: 'ban',
    what: 'a client is refused for a while',
    fields: ['client', 'address', 'seconds', 'count'],
    folded: true,
  },
  kicked: {
    group: 'administration',
    what: 'a client was disconnected by the broker',
    fields: [...peer, 'reason', 'code', 'by'],
  },
  discarded: {
    group: 'administration',
    what: 'the session of a client was ended by an operator',
    fields: ['user', 'client', 'address', 'by'],
  },
  users: {
    group: 'administration',
    what: 'users were removed or have other credentials',
    fields: ['provider', 'users', 'by'],
  },
  rules: { group: 'administration', what: 'rules, roles or groups changed', fields: ['reason', 'by'] },
  reload: {
    group: 'administration',
    what: 'configuration or files were read again',
    fields: ['what', 'ok', 'reason', 'by'],
  },
  admin: {
    group: 'administration',
    what: 'something was done with the dashboard or its API: logins, logouts, whatever changes anything',
    fields: ['user', 'address', 'what', 'ok', 'reason', 'by'],
  },
  folded: { what: 'more different refusals and denials than are told apart', fields: ['count'] },
  dropped: { what: 'the disk was too slow, or failed: lines are missing', fields: ['lines'] },
} as const satisfies Record<string, EventRow>;

export type AuditEvent = keyof typeof auditEvents;

type FieldOf<E extends AuditEvent> = (typeof auditEvents)[E]['fields'][number];

/** What a line of an event may say. */
export type AuditFacts<E extends AuditEvent> = {
  readonly [F in FieldOf<E>]?: string | number | boolean | readonly string[] | undefined;
};

/** Whether an event is written where these kinds are chosen. */
export function isChosen(event: AuditEvent, groups: readonly AuditGroup[]): boolean {
  const { group }: EventRow = auditEvents[event];
  return group === undefined || groups.includes(group);
}

/** Whether repetitions of an event are folded. */
export const isFolded = (event: AuditEvent): boolean => 'folded' in auditEvents[event];

/** The tables of docs/audit.md. */
export function formatAuditReference(): string {
  const events = Object.entries(auditEvents).map(([name, row]: [string, EventRow]) => {
    const fields = row.fields.map((field) => `\`${field}\``).join(', ');
    const group = row.group === undefined ? 'always' : `\`${row.group}\``;
    return `| \`${name}\` | ${group} | ${row.what} | ${fields} |`;
  });
  const fields = Object.entries(auditFields).map(([name, what]) => `| \`${name}\` | ${what} |`);
  return [
    '| event | kind | when | fields |\n| --- | --- | --- | --- |',
    ...events,
    '',
    '| field | says |\n| --- | --- |',
    ...fields,
    '',
  ].join('\n');
}
