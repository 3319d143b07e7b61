import type { AccessClient, Action, Explanation, RuleSet } from '@cauldron/broker/access';
import { AccessError, describeExplanation, explain as explainDecision, loadRuleSet } from '@cauldron/broker/access';
import type { LoadedConfig } from '@cauldron/broker/config';
import { topicFilterProblem, topicNameProblem } from '@cauldron/protocol';
import { type Command, type Io, type Parsed, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { configFlag, loadCommandConfig, reportConfigError } from './config-file.ts';

const ACTIONS: readonly Action[] = ['publish', 'subscribe', 'receive'];
const WHO = 'Who asks';
const WHAT = 'What it asks for';

/** `cauldron explain`: what the rules let a client do, and the rule that says so. */
export const explain: Command = {
  name: 'explain',
  summary: 'say whether a client may publish, subscribe or receive, and which rule decides',
  usage: ['cauldron explain [-c FILE] [--user NAME | --anonymous] [--client ID] --publish|--subscribe|--receive TOPIC'],
  flags: [
    configFlag,
    { long: 'user', short: 'u', value: 'NAME', help: 'User name, taken as verified.', group: WHO },
    { long: 'anonymous', help: 'A client that nobody verified. The same as no --user.', group: WHO },
    { long: 'client', value: 'ID', help: 'Client identifier. Default: a name no rule knows.', group: WHO },
    {
      long: 'role',
      value: 'NAME',
      multiple: true,
      help: 'A role that comes with the login, beside those of the configuration; may be repeated.',
      group: WHO,
    },
    {
      long: 'group',
      value: 'NAME',
      multiple: true,
      help: 'A group that comes with the login; may be repeated.',
      group: WHO,
    },
    { long: 'publish', value: 'TOPIC', help: 'May it publish to this topic?', group: WHAT },
    {
      long: 'subscribe',
      value: 'FILTER',
      help: 'May it subscribe to this topic filter, which may be a shared one?',
      group: WHAT,
    },
    {
      long: 'receive',
      value: 'TOPIC',
      help: 'May it be sent messages of this topic, if it has a subscription for it?',
      group: WHAT,
    },
    { long: 'json', help: 'Print one JSON object.' },
  ],
  examples: [
    {
      does: 'Find the rule that keeps a sensor from publishing; the exit code is 0 = allowed, 1 = denied',
      command: 'cauldron explain -c cauldron.toml --user sensor-7 --client s7 --publish plant/7/temperature',
    },
    {
      does: 'See what a role that comes from a token makes of a subscription',
      command: 'cauldron explain --user ann --role operator --subscribe "plant/#"',
    },
  ],
  run: async (parsed, io) => {
    const [action, topic] = asked(parsed);
    const client = clientOf(parsed);
    try {
      const loaded = loadCommandConfig(parsed, io);
      return tell(explainDecision(rulesOf(loaded), client, action, topic), parsed.values.json === true, io);
    } catch (error) {
      if (!(error instanceof AccessError)) return reportConfigError(error, io);
      io.stderr.write(`${error.message}\n`);
      return exitCode.usage;
    }
  },
};

function asked({ values, positionals }: Parsed): [action: Action, topic: string] {
  if (positionals.length > 0)
    throw new UsageError(
      `"${positionals[0]}" belongs to no flag; name a topic with --publish, --subscribe or --receive`,
    );
  const given = ACTIONS.filter((action) => values[action] !== undefined);
  const [action] = given;
  if (action === undefined || given.length > 1)
    throw new UsageError('ask for one thing: --publish, --subscribe or --receive with a topic');
  const topic = String(values[action]);
  const problem = action === 'subscribe' ? topicFilterProblem(topic) : topicNameProblem(topic);
  if (problem !== undefined) throw new UsageError(`--${action} "${topic}": ${problem}`);
  return [action, topic];
}

function clientOf({ values }: Parsed): AccessClient {
  const { user, anonymous, client, role, group } = values;
  if (anonymous === true && user !== undefined)
    throw new UsageError('an anonymous client has no user name; give --user or --anonymous');
  const username = typeof user === 'string' ? user : undefined;
  const roles = Array.isArray(role) ? role : [];
  const groups = Array.isArray(group) ? group : [];
  return {
    clientId: typeof client === 'string' ? client : 'explained-client',
    username,
    verified: username !== undefined,
    rights: { key: 'explain', roles, groups },
  };
}

const rulesOf = ({ config, originOf }: LoadedConfig): RuleSet => loadRuleSet(config.authorization, originOf);

function tell(explanation: Explanation, json: boolean, io: Io): number {
  io.stdout.write(
    json ? `${JSON.stringify(asJson(explanation))}\n` : `${describeExplanation(explanation).join('\n')}\n`,
  );
  return explanation.allowed ? exitCode.ok : exitCode.failure;
}

function asJson({ allowed, action, topic, decidedBy, roles, groups, considered }: Explanation): object {
  const told = (rule: Exclude<typeof decidedBy, string>) => ({
    permission: rule.permission,
    access: rule.access,
    topic: rule.topic,
    tier: rule.tier,
    ...rule.source,
  });
  const by = typeof decidedBy === 'string' ? { decidedBy } : { decidedBy: 'rule', rule: told(decidedBy) };
  return {
    allowed,
    action,
    topic,
    ...by,
    roles,
    groups,
    considered: considered.map(({ rule, relation }) => ({ relation, ...told(rule) })),
  };
}
