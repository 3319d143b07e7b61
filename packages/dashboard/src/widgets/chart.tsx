import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useMemo, useReducer, useRef } from 'preact/hooks';
import { LineChart } from '../ui/line-chart.tsx';
import { useNow } from '../ui/use-now.ts';
import { aligned, History, type Point } from './history.ts';
import { formatNumber, noMessage, numberReading, withUnit } from './reading.ts';
import { topicValues, useSize, useTopicMessages } from './use-topic.ts';
import { Missing } from './widget-parts.tsx';

/** Colours there are for lines. */
const COLORS = 8;
const colorOf = (index: number): string => `--series-${(index % COLORS) + 1}`;

/** One or several numbers over time, from when the page was opened. */
export function ChartWidget({ widget, name }: { readonly widget: WidgetOf<'chart'>; readonly name: string }) {
  const { series, unit, decimals, window: span, min, max } = widget;
  const histories = useRef(new Map<string, History>());
  const keys = series.map(({ source }) => JSON.stringify([source, span]));
  const [round, draw] = useReducer((n: number) => n + 1, 0);
  const now = useNow();
  const [ref, { height }] = useSize<HTMLDivElement>();
  useTopicMessages(
    series.map(({ source }) => source.topic),
    (topic, message) => {
      series.forEach(({ source }, index) => {
        const reading = source.topic === topic ? numberReading(source, message) : undefined;
        if (reading?.state !== 'value') return;
        const history = histories.current.get(keys[index]!) ?? new History(span);
        histories.current.set(keys[index]!, history);
        history.add(reading.value, Date.now());
      });
      draw(undefined);
    },
  );
  const points = keys.map((key) => histories.current.get(key)?.points() ?? []);
  const data = useMemo(() => aligned(points, Math.max(now, Date.now())), [round, now, keys.join()]);
  const format = (value: number): string => formatNumber(value, decimals);
  const isEmpty = points.every((one) => one.length === 0);
  const labels = series.map(({ source, label }) => label || `${source.topic} ${source.path}`.trim());
  return (
    <div class="chart-widget">
      <ul class="chart-legend">
        {labels.map((label, index) => (
          <li key={keys[index]}>
            <span class="chart-swatch" style={{ background: `var(${colorOf(index)})` }} />
            <span class="chart-label">{label}</span>
            <b>{points[index]!.length > 0 && withUnit(format(points[index]!.at(-1)!.value), unit)}</b>
          </li>
        ))}
      </ul>
      <div class="chart-room" ref={ref}>
        {isEmpty ? (
          <Missing>{whyEmpty(widget)}</Missing>
        ) : (
          height > 30 && (
            <LineChart
              label={`${name}: ${labels.join(', ')} over the last ${span} seconds`}
              series={labels.map((label, index) => ({
                label,
                color: colorOf(index),
                joinGaps: true,
                fill: series.length === 1,
              }))}
              data={data}
              height={height}
              window={shownSpan(span, points, now)}
              format={format}
              min={min}
              max={max}
              fit
              step={10 ** -decimals}
              legend={false}
            />
          )
        )}
      </div>
    </div>
  );
}

/** Seconds a chart that has just begun shows, so that its first values are not a dot at its edge; then twice as many, and so on. */
const FIRST_SPAN = 15;

function shownSpan(span: number, points: readonly (readonly Point[])[], now: number): number {
  const oldest = Math.min(...points.map((one) => one[0]?.at ?? now));
  let shown = FIRST_SPAN;
  while (shown * 1000 < now - oldest) shown *= 2;
  return Math.min(shown, span);
}

function whyEmpty({ series }: WidgetOf<'chart'>): string {
  for (const { source } of series) {
    const reading = numberReading(source, topicValues.get(source.topic));
    if (reading.state === 'wrong') return reading.problem;
  }
  const topics = [...new Set(series.map(({ source }) => source.topic))].filter((topic) => topic !== '');
  return noMessage(topics.join(' and '));
}
