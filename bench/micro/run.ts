/** Times the project's own functions in this process: `node --expose-gc bench/micro/run.ts [codec|routing|access|rules|tap ...]`. */
import { machineLine } from '../machine.ts';
import { readable } from '../stats.ts';
import { accessGroups } from './access.ts';
import { codecGroups } from './codec.ts';
import { bytesPerSubscription, routingGroups } from './routing.ts';
import { rulesGroups } from './rules.ts';
import { checksum, type MicroGroup, measureGroup, microTable, threadClock } from './runner.ts';
import { tapGroups } from './tap.ts';

const targets: Readonly<Record<string, () => readonly MicroGroup[]>> = {
  codec: () => codecGroups,
  routing: routingGroups,
  access: accessGroups,
  rules: rulesGroups,
  tap: tapGroups,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in targets));
if (unknown.length > 0) {
  process.stderr.write(`no target is called ${unknown.join(', ')}; choose from: ${Object.keys(targets).join(', ')}\n`);
  process.exit(2);
}
const names = asked.length > 0 ? asked : Object.keys(targets);
process.stdout.write(`Machine: ${machineLine(null)}.\n\n`);
// First, while the heap is small and nothing else can be collected meanwhile.
if (names.includes('routing')) {
  const collect = globalThis.gc;
  if (collect !== undefined) bytesPerSubscription(1000, collect);
  for (const count of [10_000, 100_000]) {
    const bytes =
      collect === undefined ? 'n/a (start with --expose-gc)' : readable(bytesPerSubscription(count, collect));
    process.stdout.write(`Bytes per subscription in the router at ${count}: ${bytes}\n`);
  }
}
const groups = names.flatMap((name) => targets[name]!());
const results = groups.map((group) => ({
  group: group.name,
  results: measureGroup(group, { rounds: 15, sliceMs: 40, clock: threadClock }),
}));
process.stdout.write(`\n${microTable(results)}\n`);
if (!Number.isFinite(checksum())) process.exitCode = 1;
