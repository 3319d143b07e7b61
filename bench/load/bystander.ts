/**
 * The process of a pair of clients that a crowd of others must not disturb, started by `bystander-process.ts`: what the
 * generator itself is busy with is not what they measure.
 */
import type { BystanderReport, BystanderSpec } from './bystander-process.ts';
import { Failures } from './peer.ts';
import { LoopProbe } from './probe.ts';

const spec = JSON.parse(process.argv[2]!) as BystanderSpec;
const failures = new Failures();
const probe = await LoopProbe.open(spec, failures, spec.tickMs);
process.on('message', () => say({ reading: probe.read(), errors: failures.list() }));
process.on('disconnect', () => process.exit());
say({ reading: probe.read(), errors: [] });

function say(report: BystanderReport): void {
  process.send?.(report);
}
