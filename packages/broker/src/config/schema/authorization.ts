import { z } from 'zod';
import { choice, explain, flag, orElse, ruleTopic, ruleTopics, sections, text, textList, texts } from '../setting.ts';

const names = (help: string, example: readonly string[]) => texts(help, 'a name', example);
const nameList = (help: string, example: readonly string[]) => textList(help, 'a name', example);

/** One of two keys for the same thing: a single name, or a list of them. */
const oneName = (help: string, accepts: string, example: string, many: string) =>
  orElse(text(help, accepts, example), `anybody, where there is no \`${many}\` either`, many);
const manyNames = (help: string, example: readonly string[]) => orElse(names(help, example), 'anybody');

const USERS = 'Users it is for; only a user name that was checked counts.';
const ROLES = 'It is for whoever has such a role.';
const GROUPS = 'It is for whoever is in such a group.';
const CLIENTS = 'Client identifiers it is for; `*` stands for any characters.';
const access = (help: string) => choice(help, ['read', 'write', 'readwrite']);
const READ_WRITE = '"read" is to subscribe and receive, "write" to publish, "readwrite" both.';
const TOPIC = 'Topics it is about, as topic filters; `%u` stands for the user name, `%c` for the client identifier.';

const PAIRS = [
  ['user', 'users'],
  ['role', 'roles'],
  ['group', 'groups'],
  ['client', 'clients'],
  ['topic', 'topics'],
  ['allow', 'deny'],
] as const;

const rule = z
  .strictObject({
    user: oneName(USERS, 'a name', 'ann', 'users'),
    users: manyNames(USERS, ['ann', 'ben']),
    role: oneName(ROLES, 'a name', 'cook', 'roles'),
    roles: manyNames(ROLES, ['cook', 'guest']),
    group: oneName(GROUPS, 'a name', 'kitchen', 'groups'),
    groups: manyNames(GROUPS, ['kitchen', 'cellar']),
    client: oneName(CLIENTS, 'a name or a pattern', 'sensor-*', 'clients'),
    clients: manyNames(CLIENTS, ['sensor-*', 'pump-1']),
    anonymous: orElse(
      flag('It is for clients that did not show who they are, and for nobody else.'),
      'it is for clients with a user name and without',
      'users',
    ),
    allow: orElse(access(`What it lets clients do. ${READ_WRITE}`), '`deny` is then needed'),
    deny: orElse(
      access(`What it keeps clients from. ${READ_WRITE} It goes over any \`allow\`.`),
      '`allow` is then needed',
      'allow',
    ),
    topic: orElse(ruleTopic(TOPIC, 'kitchen/%u/#'), '`topics` is then needed', 'topics'),
    topics: orElse(ruleTopics(TOPIC, ['kitchen/%u/#', 'status/+']), '`topic` is then needed'),
  })
  .superRefine((given, context) => {
    for (const [one, other] of PAIRS) {
      if (given[one] !== undefined && given[other] !== undefined)
        explain(context, [other], `stands beside ${one}; a rule has one of the two`);
    }
    if (given.allow === undefined && given.deny === undefined)
      explain(context, [], 'says neither allow nor deny; give it one, "read", "write" or "readwrite"');
    if (given.topic === undefined && given.topics === undefined)
      explain(context, [], 'names no topic; give it topic or topics');
    if (given.anonymous !== true) return;
    for (const key of ['user', 'users', 'role', 'roles', 'group', 'groups'] as const) {
      if (given[key] !== undefined)
        explain(context, [key], 'can never hold for an anonymous client; leave out one of the two');
    }
  });

const role = z.strictObject({
  name: text('Name, which rules refer to.', 'a name', 'cook'),
  users: orElse(names('Users who have it.', ['ann', 'ben']), 'none'),
  groups: orElse(names('Groups whose members have it.', ['kitchen']), 'none'),
});

const group = z.strictObject({
  name: text('Name, which rules and roles refer to.', 'a name', 'kitchen'),
  users: names('Users who are in it.', ['ann', 'ben']),
});

/** `[authorization]` */
export const authorization = z
  .strictObject({
    default: orElse(
      choice('What holds where no rule says anything.', ['allow', 'deny']),
      '`"allow"` as long as there is no rule at all, `"deny"` once there is one',
    ),
    superusers: nameList('Users who may do everything, whatever the rules say.', ['admin']).default([]),
    aclFiles: nameList(
      "Files of rules in the format of mosquitto's ACL files. They are asked after the rules below. Read again when the " +
        'configuration is. A relative path starts at the working directory.',
      ['/etc/cauldron/acl'],
    ).default([]),
    rules: z
      .array(rule)
      .register(sections, {
        help:
          'What clients may do: one `[[authorization.rules]]` table each, in any order. A rule is for the clients that everything it ' +
          'says of them fits. Where several rules fit, a `deny` goes over an `allow`.',
      })
      .default([]),
    roles: z
      .array(role)
      .superRefine((list, context) => refuseTwice(list, 'role', context))
      .register(sections, {
        help: 'Names for what users do, so that rules need not name them: one `[[authorization.roles]]` table each.',
      })
      .default([]),
    groups: z
      .array(group)
      .superRefine((list, context) => refuseTwice(list, 'group', context))
      .register(sections, { help: 'Users who belong together: one `[[authorization.groups]]` table each.' })
      .default([]),
  })
  .register(sections, { help: 'What clients may publish, subscribe to and receive.' })
  .prefault({});

function refuseTwice(list: readonly { readonly name: string }[], kind: string, context: z.RefinementCtx): void {
  list.forEach(({ name }, index) => {
    const first = list.findIndex((other) => other.name === name);
    if (first < index)
      explain(context, [index, 'name'], `there is a ${kind} of the name ${JSON.stringify(name)} already`);
  });
}
