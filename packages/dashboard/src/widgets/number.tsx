import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useRef } from 'preact/hooks';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Sparkline } from '../ui/sparkline.tsx';
import { History } from './history.ts';
import { formatNumber, numberReading, toneOf } from './reading.ts';
import { type Trend, trendOf } from './trend.ts';
import { useTopic, useTopicMessages } from './use-topic.ts';
import { Age, missingOf } from './widget-parts.tsx';

/** Seconds the small line shows. */
const WINDOW = 60;

const ARROWS: Readonly<Record<Trend, IconName>> = { rising: 'rising', falling: 'falling', steady: 'steady' };

/** A number in large digits, where it goes, and how it went in the last minute. */
export function NumberWidget({ widget }: { readonly widget: WidgetOf<'number'> }) {
  const { source, unit, decimals, thresholds } = widget;
  const history = useRef({ key: '', of: new History(WINDOW) });
  const key = JSON.stringify(source);
  if (history.current.key !== key) history.current = { key, of: new History(WINDOW) };
  useTopicMessages([source.topic], (_, message) => {
    const read = numberReading(source, message);
    if (read.state === 'value') history.current.of.add(read.value, Date.now());
  });
  const last = useTopic(source.topic);
  const reading = numberReading(source, last);
  if (reading.state !== 'value') return missingOf(reading);
  const tone = toneOf(reading.value, thresholds);
  const points = history.current.of.points();
  const lowest = Math.min(...points.map(({ value }) => value));
  const trend = trendOf(points, 0.5 * 10 ** -decimals);
  return (
    <div class="number">
      <div class={`number-line ${tone ?? 'none'}`}>
        <span class="number-value">{formatNumber(reading.value, decimals)}</span>
        {unit !== '' && <span class="number-unit">{unit}</span>}
        {trend !== null && (
          <span class="number-trend" title={`${trend} in the last minute`}>
            <Icon name={ARROWS[trend]} size={18} />
            <span class="visually-hidden">{trend}</span>
          </span>
        )}
      </div>
      <div class="number-spark">
        <Sparkline values={points.map(({ value }) => value - lowest)} />
      </div>
      <Age of={last} />
    </div>
  );
}
