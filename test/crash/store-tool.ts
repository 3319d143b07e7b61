import { type Cleanup, startProcess } from '../support/process.ts';
import { CAULDRON } from './broker-under-test.ts';

/** Milliseconds a tool may take on a busy machine. */
const LIMIT = 60_000;

/** What `cauldron store check` finds wrong in a folder whose broker is not running. */
export async function storeFindings(cleanup: Cleanup, data: string): Promise<string[]> {
  const { findings } = (await runTool(cleanup, 'check', data)) as { findings: string[] };
  return findings;
}

/** What a store at rest keeps that nobody needs any more: messages that wait or are in flight, or are not retained. */
export async function leftovers(cleanup: Cleanup, data: string): Promise<string[]> {
  const stats = (await runTool(cleanup, 'stats', data)) as {
    queued: { messages: number };
    inflight: number;
    messages: { total: number };
    retained: number;
  };
  const found: string[] = [];
  if (stats.queued.messages > 0) found.push(`${stats.queued.messages} messages wait`);
  if (stats.inflight > 0) found.push(`${stats.inflight} messages are in flight`);
  const idle = stats.messages.total - stats.retained;
  if (idle !== 0) found.push(`${stats.messages.total} messages are kept, ${stats.retained} are retained`);
  return found;
}

async function runTool(cleanup: Cleanup, tool: 'check' | 'stats', data: string): Promise<unknown> {
  const started = startProcess(cleanup, process.execPath, [CAULDRON, 'store', tool, data, '--json']);
  const { code } = await started.waitForExit(LIMIT);
  if (!started.stdout.startsWith('{')) throw new Error(`cauldron store ${tool} ended with ${code}: ${started.stderr}`);
  return JSON.parse(started.stdout);
}
