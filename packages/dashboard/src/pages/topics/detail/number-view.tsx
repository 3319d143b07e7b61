import { useMemo } from 'preact/hooks';
import { clockTime } from '../../../format/quantities.ts';
import { LineChart } from '../../../ui/line-chart.tsx';
import type { SeenValues } from './values-seen.ts';

export interface NumberViewProps {
  readonly text: string;
  readonly samples: SeenValues['samples'];
}

/** A number, large, and how it went while the page looked. */
export function NumberView({ text, samples }: NumberViewProps) {
  const data = useMemo(
    () => [samples.map(({ at }) => at / 1000), samples.map(({ value }) => value)] as [number[], number[]],
    [samples],
  );
  const values = samples.map(({ value }) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return (
    <div class="stack">
      <div class="topics-number">{text.trim()}</div>
      {samples.length > 1 ? (
        <>
          <LineChart
            label={`How the number went since ${clockTime(samples[0]!.at)}`}
            series={[{ label: 'value', color: '--series-1', fill: true }]}
            data={data}
            height={170}
            format={plainNumber}
            fit
          />
          <p class="muted small">
            Since {clockTime(samples[0]!.at)}: lowest {plainNumber(Math.min(...values))}, highest{' '}
            {plainNumber(Math.max(...values))}, mean {plainNumber(mean)} of {values.length} values.
          </p>
        </>
      ) : (
        <p class="muted small">The next values are drawn here as they come.</p>
      )}
    </div>
  );
}

const DIGITS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 8 });

/** All digits that matter and no more: `21.53`, `1013`, `0.0042`. */
export const plainNumber = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return value.toExponential(2);
  return DIGITS.format(Number(value.toPrecision(Math.max(5, Math.ceil(Math.log10(size + 1)) + 2))));
};
