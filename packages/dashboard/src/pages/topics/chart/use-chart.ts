import { useEffect, useRef, useState } from 'preact/hooks';
import { useLiveEvents } from '../../../data/use-live.ts';
import { ChartData, type ChartLine, lineName, MOST_LINES, readLines, withLine } from './chart-lines.ts';

const KEY = 'cauldron-topics-chart';
/** Milliseconds between two drawings. */
const DRAW_EVERY = 250;

/** What was collected; it outlives a visit of another page. */
const collected = new ChartData();

export interface Chart {
  readonly lines: readonly ChartLine[];
  /** Another number = there are new values. */
  readonly version: number;
  readonly data: ChartData;
  /** Why it was not added; undefined = it was. */
  readonly add: (line: ChartLine) => string | undefined;
  readonly remove: (line: ChartLine) => void;
}

/** The lines of the chart, as this browser remembers them, and their values as they come. */
export function useChart(paused: boolean): Chart {
  const [lines, setLines] = useState<readonly ChartLine[]>(() => readLines(localStorage.getItem(KEY)));
  const [version, setVersion] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const topics = [...new Set(lines.map(({ topic }) => topic))];

  const drawSoon = (): void => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setVersion((n) => n + 1);
    }, DRAW_EVERY);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  useLiveEvents('values', paused || topics.length === 0 ? null : topics, ({ values }) => {
    const now = Date.now();
    for (const value of values) if (collected.put(lines, value, now)) drawSoon();
  });

  const keep = (next: readonly ChartLine[]): void => {
    collected.keepOnly(next);
    localStorage.setItem(KEY, JSON.stringify(next));
    setLines(next);
  };
  return {
    lines,
    version,
    data: collected,
    add: (line) => {
      const next = withLine(lines, line);
      if (next !== lines) keep(next);
      else if (lines.length >= MOST_LINES) return `The chart has ${MOST_LINES} lines already. Take one out first.`;
      else return `${lineName(line)} is in the chart already`;
      return undefined;
    },
    remove: (line) => keep(lines.filter((one) => lineName(one) !== lineName(line))),
  };
}
