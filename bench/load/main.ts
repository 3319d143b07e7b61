/** The load generator process: one JSON spec as argument, one JSON result on standard output. */
import { AttackLoad } from './attack.ts';
import { BesideLoad } from './beside.ts';
import { runDrain } from './drain.ts';
import { runFetch } from './fetch.ts';
import { runFill } from './fill.ts';
import { runIdle } from './idle.ts';
import { runLogin } from './login.ts';
import { difference, per, waitSeconds } from './proc.ts';
import { PublishLoad } from './publish.ts';
import { QueueLoad } from './queue.ts';
import type { LoadResult, LoadSpec } from './spec.ts';
import { SubscriptionsLoad } from './subscriptions.ts';

function run(spec: LoadSpec): Promise<LoadResult> {
  switch (spec.kind) {
    case 'publish':
      return new PublishLoad(spec).run();
    case 'idle':
      return runIdle(spec);
    case 'subscriptions':
      return new SubscriptionsLoad(spec).run();
    case 'queue':
      return new QueueLoad(spec).run();
    case 'beside':
      return new BesideLoad(spec).run();
    case 'fill':
      return runFill(spec);
    case 'drain':
      return runDrain(spec);
    case 'fetch':
      return runFetch(spec);
    case 'login':
      return runLogin(spec);
    case 'attack':
      return new AttackLoad(spec).run();
  }
}

const argument = process.argv[2];
if (argument === undefined) {
  process.stderr.write('bench/load/main.ts is started by bench/run.ts with a JSON load spec as its only argument.\n');
  process.exit(2);
}
const waitedBefore = waitSeconds();
const started = performance.now();
let result: LoadResult;
try {
  result = await run(JSON.parse(argument) as LoadSpec);
} catch (error) {
  result = { figures: {}, errors: [(error as Error).message], notes: [] };
}
// How much of its time another program had the generator's core: what it measured meanwhile is theirs as well.
const load_waited_percent = per(difference(waitSeconds(), waitedBefore), performance.now() - started, 100_000);
result = { ...result, figures: { ...result.figures, load_waited_percent } };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
