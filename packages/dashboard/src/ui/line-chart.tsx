import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clockTime } from '../format/quantities.ts';
import { onThemeChange } from './theme.ts';

export interface ChartSeries {
  readonly label: string;
  /** A custom property of the style sheet: `--series-1`. */
  readonly color: string;
  readonly fill?: boolean;
  /** A line goes on over times at which only other series have values. */
  readonly joinGaps?: boolean;
}

export interface LineChartProps {
  readonly series: readonly ChartSeries[];
  /** Times in seconds since 1970, rising, then one list of values a series; null = nothing there. */
  readonly data: uPlot.AlignedData;
  /** Pixels. */
  readonly height: number;
  /** Values as people read them, on the axis and in the legend. */
  readonly format: (value: number) => string;
  /** Values are bytes: the axis has lines at 1024s. */
  readonly binary?: boolean;
  /** Seconds that are shown, up to the newest value. Default: all there is. */
  readonly window?: number;
  readonly min?: number | null;
  readonly max?: number | null;
  /** The axis goes around the values, not from zero, where `min` says nothing. */
  readonly fit?: boolean;
  /** The smallest difference that `format` shows: the axis is not finer. */
  readonly step?: number;
  /** Below it: the values under the pointer, otherwise the newest. */
  readonly legend?: boolean;
  /** Charts with the same name here show the same moment while the pointer is over one of them. */
  readonly group?: string;
  /** What it shows, for who cannot see it. */
  readonly label: string;
}

/** Pixels. */
const HALF_A_TIME = 28;

const styleOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A chart of values over time. New data is drawn without building the chart anew. */
export function LineChart(props: LineChartProps) {
  const {
    series,
    data,
    height,
    window: span,
    label,
    min = null,
    max = null,
    fit = false,
    legend = true,
    group,
  } = props;
  const ref = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  const shape = JSON.stringify([series, height, span, min, max, fit, legend, group]);
  useLayoutEffect(() => {
    const element = ref.current!;
    const build = (): void => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsOf(latest.current, element.clientWidth), latest.current.data, element);
    };
    build();
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && width !== chart.current?.width) chart.current?.setSize({ width, height });
    });
    observer.observe(element);
    // Colours are drawn, so a change of the theme is a new drawing.
    const stop = onThemeChange(build);
    return () => {
      observer.disconnect();
      stop();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    const drawn = chart.current;
    drawn?.setData(data);
    // The type forgets null, for a pointer that is elsewhere.
    drawn?.setLegend({ idx: (drawn.cursor.idx ?? null) as number });
  }, [data]);
  return <div ref={ref} class="chart" role="img" aria-label={label} style={{ minHeight: `${height}px` }} />;
}

/** Seconds between two times of the axis, which says no less than a second. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
/** Distances between the lines of an axis of bytes: labels are then round. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Pixels that labels of an axis take; as many at least as give charts one above the other the same left edge. */
const axisWidth = (labels: readonly string[] | null): number =>
  Math.max(64, ...(labels ?? []).map((label) => label.length * 7 + 16));

function optionsOf(
  { series, height, window: span, format, min, max, fit, step, legend, group, binary }: LineChartProps,
  width: number,
): uPlot.Options {
  const text = styleOf('--text-2');
  const grid = { stroke: styleOf('--grid'), width: 1 };
  const font = `12px ${styleOf('--font')}`;
  const say = (format: (value: number) => string): uPlot.Series.Value => {
    return (chart, value: number | null, index, at) => {
      const told = at === null ? chart.data[index]?.at(-1) : value;
      return told === null || told === undefined ? '–' : format(told);
    };
  };
  return {
    width: Math.max(width, 50),
    height,
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: false, y: false },
      ...(group === undefined ? {} : { sync: { key: group, setSeries: false } }),
    },
    legend: { show: legend ?? true, live: true },
    padding: [10, 8, 0, 0],
    scales: {
      x: { time: true, ...(span === undefined ? {} : { range: (_, __, newest) => [newest - span, newest] }) },
      y: { range: (_, low, high) => rangeOf(low, high, min ?? null, max ?? null, fit ?? false, step ?? 0) },
    },
    axes: [
      {
        stroke: text,
        grid,
        ticks: grid,
        font,
        size: 34,
        space: 70,
        incrs: TIME_STEPS,
        values: (chart, at) => timesOf(chart, at),
      },
      {
        stroke: text,
        grid,
        ticks: grid,
        font,
        size: (_, labels) => axisWidth(labels),
        space: 24,
        ...(binary && { incrs: BINARY_STEPS }),
        ...(step && { incrs: stepsFrom(step) }),
        values: (_, at) => at.map(format),
      },
    ],
    series: [
      { label: 'time', value: say((at) => clockTime(at * 1000)) },
      ...series.map(({ label, color, fill, joinGaps }) => ({
        label,
        stroke: styleOf(color),
        width: 2,
        // A single value is no line yet, and shall be seen all the same.
        points: { show: (chart: uPlot, index: number) => isSingle(chart.data[index]!), size: 6, fill: styleOf(color) },
        value: say(format),
        spanGaps: joinGaps ?? false,
        ...(fill && { fill: `color-mix(in srgb, ${styleOf(color)} 14%, transparent)` }),
      })),
    ],
  };
}

function isSingle(values: ArrayLike<number | null | undefined>): boolean {
  let count = 0;
  for (let at = values.length - 1; at >= 0 && count < 2; at--) {
    if (values[at] !== null && values[at] !== undefined) count += 1;
  }
  return count === 1;
}

/** Times on the axis. One that would be cut off at the edge is left out. */
function timesOf(chart: uPlot, at: readonly number[]): string[] {
  const width = chart.bbox.width / devicePixelRatio;
  return at.map((one) => (chart.valToPos(one, 'x') > width - HALF_A_TIME ? '' : clockTime(one * 1000)));
}

/** From zero (or around the values), or what was said; some room above, so that the line does not stick to the edge. */
function rangeOf(
  low: number | null,
  high: number | null,
  min: number | null,
  max: number | null,
  fit: boolean,
  step: number,
): [number, number] {
  const span = (high ?? 0) - (low ?? 0);
  const lowest =
    fit && low !== null ? low - (span === 0 ? step * 4 || 1 : Math.max(span * 0.15, step)) : Math.min(0, low ?? 0);
  const bottom = min ?? lowest;
  const top =
    max ?? (high === null || high <= bottom ? bottom + (step * 4 || 1) : high + Math.max((high - bottom) * 0.08, step));
  return [bottom, top];
}

/** Distances between the lines of an axis: those that people count in, from the smallest one that is shown. */
function stepsFrom(step: number): number[] {
  const powers = Array.from({ length: 16 }, (_, index) => step * 10 ** index);
  return powers.flatMap((power) => [power, 2 * power, 5 * power]);
}
