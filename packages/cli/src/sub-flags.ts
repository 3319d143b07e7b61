import type { Flag } from './command.ts';

const what = 'Subscription';
const print = 'Printing';
const end = 'When to end';

/** The flags of `cauldron sub` alone. */
export const subFlags: readonly Flag[] = [
  {
    long: 'topic',
    short: 't',
    value: 'FILTER',
    multiple: true,
    group: what,
    help: 'Topic to subscribe to; + stands for one level, # at the end for all below. May be repeated.',
  },
  { long: 'qos', short: 'q', value: 'QOS', group: what, help: 'Highest QoS to receive with: 0, 1 or 2. Default: 0.' },
  {
    long: 'filter-out',
    short: 'T',
    value: 'FILTER',
    multiple: true,
    group: what,
    help: 'Do not print topics that match. May be repeated.',
  },
  {
    long: 'unsubscribe',
    short: 'U',
    value: 'FILTER',
    multiple: true,
    group: what,
    help: 'Unsubscribe, in a session kept with -c. May be repeated.',
  },
  {
    long: 'no-retained',
    short: 'R',
    group: what,
    help: 'Do not print retained messages: only what is published from now on.',
  },
  { long: 'retained-only', group: what, help: 'Print only retained messages, and end at the first other one.' },
  {
    long: 'remove-retained',
    group: what,
    help: 'Clear every retained message that arrives and is not filtered out with -T.',
  },
  { long: 'retain-as-published', group: what, help: 'MQTT 5: show the retain flag as the publisher set it.' },
  {
    long: 'retain-handling',
    value: 'N',
    group: what,
    help: 'MQTT 5: retained messages are sent 0 always, 1 only for a new subscription, 2 never. Default: 0.',
  },
  { long: 'no-local', group: what, help: 'MQTT 5: do not receive what this same client publishes.' },
  { long: 'verbose', short: 'v', group: print, help: 'Print the topic before the payload.' },
  {
    long: 'format',
    short: 'F',
    value: 'FORMAT',
    group: print,
    help: "Print each message so: '%t %p' is topic and payload. docs/cli.md lists the sequences.",
  },
  { long: 'json', group: print, help: 'Print each message as one line of JSON; the same as -F %j.' },
  { long: 'pretty', group: print, help: 'Print JSON over several lines.' },
  { long: 'no-eol', short: 'N', group: print, help: 'Print no end of line after a message.' },
  {
    long: 'random-filter',
    value: 'PERCENT',
    group: print,
    help: 'Print only this share of the messages, chosen by chance: 0.1 to 100.',
  },
  { long: 'count', short: 'C', value: 'COUNT', group: end, help: 'End after this many messages.' },
  { long: 'timeout', short: 'W', value: 'SECONDS', group: end, help: 'End after this time, with exit code 27.' },
  {
    long: 'no-reconnect',
    group: end,
    help: 'End with exit code 6 when the connection is lost, instead of connecting again.',
  },
  { long: 'exit-after-suback', short: 'E', group: end, help: 'End when the broker has confirmed the subscriptions.' },
];
