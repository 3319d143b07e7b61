import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from './args.ts';
import type { Flag } from './command.ts';
import { UsageError } from './command.ts';

const flags: readonly Flag[] = [
  { long: 'topic', short: 't', value: 'TOPIC', multiple: true, help: '' },
  { long: 'host', short: 'h', value: 'HOST', help: '' },
  { long: 'verbose', short: 'v', help: '' },
  { long: 'no-eol', short: 'N', help: '' },
  { long: 'data', value: 'DIR', optional: true, help: '' },
  { long: 'property', short: 'D', value: 'PACKET PROPERTY VALUE', multiple: true, help: '' },
];

const cases: readonly [claim: string, args: string[], values: object, positionals?: string[]][] = [
  ['a long flag takes the next argument', ['--host', 'a'], { host: 'a' }],
  ['a long flag takes what stands behind =', ['--host=a=b'], { host: 'a=b' }],
  ['a value may be empty', ['--host='], { host: '' }],
  ['a letter takes the next argument, even one that looks like a flag', ['-h', '-v'], { host: '-v' }],
  ['a letter takes what is attached to it', ['-tfoo'], { topic: ['foo'] }],
  [
    'letters are bundled, and the last may take a value',
    ['-vNt', 'a/b'],
    { verbose: true, 'no-eol': true, topic: ['a/b'] },
  ],
  ['a repeatable flag collects in order', ['-t', 'a', '--topic', 'b'], { topic: ['a', 'b'] }],
  ['of another the last counts', ['-h', 'a', '-h', 'b'], { host: 'b' }],
  ['an optional value comes only attached', ['--data', 'x'], { data: true }, ['x']],
  ['an optional value is taken behind =', ['--data=x'], { data: 'x' }],
  ['after -- nothing is a flag', ['-v', '--', '-h', '--x'], { verbose: true }, ['-h', '--x']],
  ['a lone - is an argument', ['-'], {}, ['-']],
  [
    'a metavar of three words takes three',
    ['-D', 'connect', 'receive-maximum', '5'],
    { property: ['connect', 'receive-maximum', '5'] },
  ],
  [
    'a user property takes a name more',
    ['-D', 'publish', 'user-property', 'a', 'b', '-v'],
    { property: ['publish', 'user-property', 'a', 'b'], verbose: true },
  ],
  ['--help is known everywhere', ['--help'], { help: true }],
];
for (const [claim, args, values, positionals = []] of cases) {
  test(`${claim}: ${args.join(' ')}`, () => {
    assert.deepEqual(parseArgs(args, flags), { values, positionals });
  });
}

const refused: readonly [args: string[], text: string][] = [
  [['--tpoic', 'a'], 'unknown flag --tpoic; did you mean --topic?'],
  [['--zzz'], 'unknown flag --zzz'],
  [['-V'], 'unknown flag -V; did you mean -v (--verbose)?'],
  [['-vx'], 'unknown flag -x in -vx'],
  [['-verbose'], 'unknown flag -verbose; did you mean --verbose?'],
  [['--host'], '--host needs a value: HOST'],
  [['-h'], '-h needs a value: HOST'],
  [['--verbose=1'], '--verbose takes no value, but got "1"'],
  [['-D', 'connect', 'x'], '-D needs 3 values: PACKET PROPERTY VALUE'],
];
for (const [args, text] of refused) {
  test(`refused: ${args.join(' ')}`, () => {
    assert.throws(
      () => parseArgs(args, flags),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, text);
        return true;
      },
    );
  });
}
