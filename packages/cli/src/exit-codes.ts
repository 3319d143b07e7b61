/** What the exit code of `cauldron` tells a script. docs/cli.md lists this table. */
export const exitCodes = [
  { code: 0, name: 'ok', means: 'Everything that was asked for was done.' },
  {
    code: 1,
    name: 'failure',
    means: 'Something went wrong while running: a file that cannot be read, a protocol error, an error of the program.',
  },
  { code: 2, name: 'usage', means: 'The arguments or the configuration make no sense; nothing was tried.' },
  { code: 3, name: 'refused', means: 'The broker answered and refused the connection (CONNACK with a reason).' },
  {
    code: 4,
    name: 'unreachable',
    means: 'No broker could be reached: unknown host, nothing listening, time-out, or TLS did not come about.',
  },
  {
    code: 5,
    name: 'rejected',
    means: 'The broker refused a subscription or a message (SUBACK, PUBACK or PUBREC with an error).',
  },
  { code: 6, name: 'lost', means: 'The connection was lost, or the broker ended it, before the work was done.' },
  { code: 27, name: 'timeout', means: 'The time given with `-W` was over (the same number as `mosquitto_sub`).' },
  { code: 130, name: 'interrupted', means: 'SIGINT (Ctrl-C) came before the work was done.' },
  { code: 143, name: 'terminated', means: 'SIGTERM came before the work was done.' },
] as const;

type Name = (typeof exitCodes)[number]['name'];

/** The exit codes by name. */
export const exitCode = Object.fromEntries(exitCodes.map(({ name, code }) => [name, code])) as Record<Name, number>;
