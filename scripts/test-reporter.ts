// A node:test reporter for a long suite: one line per file, each failure in full, and the runner's totals last.
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

interface Failure {
  readonly title: string;
  readonly place: string;
  readonly error: unknown;
}

/** Turns the runner's events into text. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: Failure[] = [];
  const totals: string[] = [];
  for await (const event of events) {
    switch (event.type) {
      case 'test:fail': {
        const { name, file, line, details } = event.data;
        // A suite fails because a test in it did; that test is listed already.
        if (isOnlyNested(details.error)) break;
        const place = file === undefined ? '' : `${shorten(file)}:${line ?? 1}`;
        failures.push({ title: name, place, error: details.error.cause ?? details.error });
        yield `✖ ${name}  (${place})\n`;
        break;
      }
      case 'test:stdout':
      case 'test:stderr':
        yield event.data.message;
        break;
      case 'test:summary': {
        const { file, counts, duration_ms: milliseconds } = event.data;
        if (file === undefined) break;
        const passed = counts.passed === counts.tests ? `${counts.tests}` : `${counts.passed} of ${counts.tests}`;
        yield `${counts.passed === counts.tests ? '✔' : '✖'} ${shorten(file)}: ${passed} (${Math.round(milliseconds)} ms)\n`;
        break;
      }
      case 'test:diagnostic':
        // The runner's own totals (tests, pass, fail, ...) come once, at the end, and belong to no file.
        if (event.data.file === undefined) totals.push(`# ${event.data.message}\n`);
        break;
      default:
        break;
    }
  }
  for (const failure of failures) yield describeFailure(failure);
  yield `\n${totals.join('')}`;
}

function isOnlyNested(error: Error): boolean {
  return (error as Error & { failureType?: string }).failureType === 'subtestsFailed';
}

function describeFailure({ title, place, error }: Failure): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  return `\n✖ ${title}\n  ${place}\n${text.replaceAll(/^/gm, '    ')}\n`;
}

function shorten(file: string): string {
  return relative(process.cwd(), file);
}
