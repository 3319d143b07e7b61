import { useMemo, useState } from 'preact/hooks';
import { Button, Card, SelectField, TextField } from '../../../ui/controls.tsx';
import { LineChart } from '../../../ui/line-chart.tsx';
import { toast } from '../../../ui/toasts.tsx';
import { pathProblem } from '../../../values/json-path.ts';
import { plainNumber } from '../detail/number-view.tsx';
import { type ChartLine, lineName, ownScales } from './chart-lines.ts';
import type { Chart } from './use-chart.ts';

type Span = '60' | '300' | '900' | 'all';

const SPANS: readonly (readonly [Span, string])[] = [
  ['60', 'One minute'],
  ['300', '5 minutes'],
  ['900', '15 minutes'],
  ['all', 'All that came'],
];

/** Seconds that a drawing needs to be one. */
const SHORTEST = 1;

export interface ChartPanelProps {
  readonly chart: Chart;
  /** Milliseconds since 1970; the lines go on until then. */
  readonly now: number;
  readonly onClose: () => void;
}

/** Several topics in one chart. */
export function ChartPanel({ chart, now, onClose }: ChartPanelProps) {
  const [span, setSpan] = useState<Span>('all');
  const { lines, data, version } = chart;
  const [isScaled, setScaled] = useState(false);
  const table = useMemo(() => {
    const values = data.table(lines, now);
    return isScaled ? ownScales(values) : values;
  }, [lines, version, isScaled, now]);
  return (
    <Card
      class="topics-chart"
      title="Chart"
      actions={
        <div class="button-row">
          {lines.length > 1 && (
            <Button
              small
              pressed={isScaled}
              title="Each line from its lowest to its highest value, so that values of different size fit one chart"
              onClick={() => setScaled(!isScaled)}
            >
              Own scales
            </Button>
          )}
          <SelectField label="Time" value={span} options={SPANS} onChange={setSpan} />
          <Button small kind="quiet" icon="close" label="Close the chart" onClick={onClose} />
        </div>
      }
    >
      <div class="topics-chart-parts">
        <div class="topics-chart-drawing">
          {(table[0].at(-1) ?? 0) - (table[0][0] ?? 0) < SHORTEST ? (
            <p class="muted">
              {lines.length === 0
                ? 'Add topics: open one with a number and choose “Add to chart”, or name it here.'
                : 'Waiting for values: they are drawn as they come.'}
            </p>
          ) : (
            <LineChart
              label={`Values of ${lines.map(lineName).join(', ')}`}
              series={lines.map((line, at) => ({ label: lineName(line), color: colorOf(at), joinGaps: true }))}
              data={table}
              height={200}
              format={isScaled ? (value) => `${Math.round(value)} %` : plainNumber}
              {...(isScaled ? { min: 0, max: 100 } : { fit: true })}
              legend={false}
              {...(span === 'all' ? {} : { window: Number(span) })}
            />
          )}
        </div>
        <div class="stack topics-chart-lines">
          <ul>
            {lines.map((line, at) => (
              <li key={lineName(line)}>
                <span class="topics-chart-color" style={{ background: `var(${colorOf(at)})` }} />
                <span class="topics-chart-name" title={lineName(line)}>
                  {line.topic} {line.path !== '' && <code>{line.path}</code>}
                </span>
                <b>{newest(chart, line)}</b>
                <Button
                  small
                  kind="quiet"
                  icon="close"
                  label={`Take ${lineName(line)} out of the chart`}
                  onClick={() => chart.remove(line)}
                />
              </li>
            ))}
          </ul>
          <AddLine chart={chart} />
        </div>
      </div>
    </Card>
  );
}

const colorOf = (at: number): string => `--series-${at + 1}`;

function newest({ data }: Chart, line: ChartLine): string {
  const value = data.newest(line);
  return value === undefined ? '–' : plainNumber(value);
}

function AddLine({ chart }: { readonly chart: Chart }) {
  const [line, setLine] = useState<ChartLine | null>(null);
  if (line === null) {
    return (
      <div>
        <Button small icon="plus" onClick={() => setLine({ topic: '', path: '' })}>
          Add a topic
        </Button>
      </div>
    );
  }
  const problem = pathProblem(line.path);
  const add = (event: Event): void => {
    event.preventDefault();
    const refusal = problem ?? chart.add(line);
    if (refusal === undefined) setLine(null);
    else toast(refusal, { tone: 'bad' });
  };
  return (
    <form class="stack" onSubmit={add}>
      <TextField
        label="Topic"
        mono
        autofocus
        required
        value={line.topic}
        onInput={(topic) => setLine({ ...line, topic })}
      />
      <TextField
        label="JSON path"
        mono
        value={line.path}
        placeholder="empty, or such as $.temperature"
        error={problem}
        onInput={(path) => setLine({ ...line, path })}
      />
      <div class="button-row">
        <Button small type="submit" kind="primary" disabled={line.topic === ''}>
          Add
        </Button>
        <Button small onClick={() => setLine(null)}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
