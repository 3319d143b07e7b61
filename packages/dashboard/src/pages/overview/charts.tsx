import type { Overview, Sample } from '@cauldron/broker/admin-api';
import { useMemo, useState } from 'preact/hooks';
import { bytes, duration, milliseconds, perSecond, shortNumber } from '../../format/quantities.ts';
import { Button, Card } from '../../ui/controls.tsx';
import { LineChart } from '../../ui/line-chart.tsx';
import { columnsOf, type Figure } from './samples.ts';

interface Line {
  readonly figure: Figure;
  readonly label: string;
  readonly color: string;
  readonly fill?: boolean;
}

interface ChartPlan {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly binary?: boolean;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const bytesPerSecond = (value: number): string => `${bytes(value)}/s`;
/** Axes ask for fractions, too; there are no fractions of clients. */
const whole = (value: number): string => (Number.isInteger(value) ? shortNumber(value) : '');

const CHARTS: readonly ChartPlan[] = [
  {
    title: 'Messages',
    lines: [
      { figure: 'publishIn', label: 'in', color: '--series-1', fill: true },
      { figure: 'publishOut', label: 'out', color: '--series-2' },
    ],
    format: perSecond,
  },
  {
    title: 'Bytes',
    lines: [
      { figure: 'bytesIn', label: 'in', color: '--series-1', fill: true },
      { figure: 'bytesOut', label: 'out', color: '--series-2' },
    ],
    format: bytesPerSecond,
    binary: true,
  },
  {
    title: 'Clients',
    lines: [{ figure: 'clients', label: 'connected', color: '--series-3', fill: true }],
    format: whole,
  },
  {
    title: 'Waiting for clients',
    lines: [
      { figure: 'queued', label: 'queued', color: '--series-8', fill: true },
      { figure: 'inflight', label: 'in flight', color: '--series-7' },
    ],
    format: whole,
  },
  {
    title: 'Dropped messages',
    lines: [{ figure: 'dropped', label: 'dropped', color: '--series-6', fill: true }],
    format: perSecond,
  },
  {
    title: 'Event-loop delay',
    lines: [
      { figure: 'loopDelayP99', label: '99 %', color: '--series-4', fill: true },
      { figure: 'loopDelayMax', label: 'most', color: '--series-6' },
    ],
    format: milliseconds,
  },
  {
    title: 'Processor',
    lines: [{ figure: 'cpu', label: 'of one core', color: '--series-5', fill: true }],
    format: percent,
  },
  {
    title: 'Memory',
    lines: [
      { figure: 'residentMemory', label: 'process', color: '--series-3', fill: true },
      { figure: 'heapUsed', label: 'heap', color: '--series-2' },
    ],
    format: bytes,
    binary: true,
  },
];

const STORE_CHART: ChartPlan = {
  title: 'Commits of the store',
  lines: [
    { figure: 'commitP50', label: 'half', color: '--series-7', fill: true },
    { figure: 'commitP99', label: '99 %', color: '--series-8' },
  ],
  format: milliseconds,
};

const WINDOWS = [
  [60, '1 min'],
  [300, '5 min'],
  [600, '10 min'],
] as const;

/** Seconds a chart shows at least. */
const SHORTEST = 30;

interface ChartsProps {
  readonly overview: Overview;
  readonly samples: readonly Sample[];
}

/** How the numbers went. */
export function Charts({ overview, samples }: ChartsProps) {
  const [span, setSpan] = useState<number>(300);
  const plans = overview.store === null ? CHARTS : [...CHARTS, STORE_CHART];
  // A broker that has just started has little to show: that fills the charts, too.
  const known = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 1000;
  const shown = Math.min(span, Math.max(SHORTEST, Math.ceil(known / 10) * 10));
  return (
    <section class="stack" aria-label="Charts">
      <div class="overview-charts-head">
        <h2>Last minutes</h2>
        <div class="button-row">
          {WINDOWS.map(([seconds, text]) => (
            <Button key={seconds} small pressed={span === seconds} onClick={() => setSpan(seconds)}>
              {text}
            </Button>
          ))}
        </div>
      </div>
      <div class="overview-charts">
        {samples.length > 0 &&
          plans.map((plan) => <Chart key={plan.title} plan={plan} samples={samples} span={shown} />)}
      </div>
    </section>
  );
}

interface ChartProps {
  readonly plan: ChartPlan;
  readonly samples: readonly Sample[];
  /** Seconds. */
  readonly span: number;
}

function Chart({ plan: { title, lines, format, binary = false }, samples, span }: ChartProps) {
  const data = useMemo(() => {
    const figures = lines.map(({ figure }) => figure);
    return columnsOf(samples.slice(-span - 1), figures) as [number[], ...(number | null)[][]];
  }, [samples, span]);
  return (
    <Card title={title} class="overview-chart">
      <LineChart
        series={lines}
        data={data}
        height={150}
        window={span}
        format={format}
        binary={binary}
        group="overview"
        label={`${title} over the last ${duration(span)}`}
      />
    </Card>
  );
}
