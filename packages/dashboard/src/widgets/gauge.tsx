import type { WidgetOf } from '@cauldron/broker/admin-api';
import { arcPath, partOf, zonesOf } from './gauge-arc.ts';
import { formatNumber, numberReading, toneOf, withUnit } from './reading.ts';
import { useTopic } from './use-topic.ts';
import { Age, missingOf } from './widget-parts.tsx';

const CX = 100;
const CY = 92;
const RADIUS = 74;
const ZONES = 89;

/** A number between two ends. */
export function Gauge({ widget, name }: { readonly widget: WidgetOf<'gauge'>; readonly name: string }) {
  const { source, min, max, unit, decimals, thresholds } = widget;
  const last = useTopic(source.topic);
  const reading = numberReading(source, last);
  const value = reading.state === 'value' ? reading.value : null;
  const tone = value === null ? null : toneOf(value, thresholds);
  const text = value === null ? '–' : formatNumber(value, decimals);
  return (
    <div class="gauge">
      <svg
        class="gauge-drawing"
        viewBox="0 0 200 146"
        role={value === null ? 'img' : 'meter'}
        aria-label={value === null ? `${name}: no value` : name}
        {...(value !== null && {
          'aria-valuemin': min,
          'aria-valuemax': max,
          'aria-valuenow': value,
          'aria-valuetext': withUnit(text, unit),
        })}
      >
        <path class="gauge-track" d={arcPath(CX, CY, RADIUS, 0, 1)} />
        {zonesOf(thresholds, min, max).map(({ from, to, color }) => (
          <path key={from} class={`gauge-zone ${color ?? 'none'}`} d={arcPath(CX, CY, ZONES, from, to)} />
        ))}
        {value !== null && (
          <path
            class={`gauge-value ${tone ?? 'none'}`}
            d={arcPath(CX, CY, RADIUS, 0, 1)}
            pathLength={100}
            stroke-dasharray={`${partOf(value, min, max) * 100} 200`}
          />
        )}
        <text class="gauge-text" x={CX} y={CY + 8} text-anchor="middle" font-size={text.length > 6 ? 28 : 38}>
          {text}
        </text>
        <text class="gauge-unit" x={CX} y={CY + 30} text-anchor="middle">
          {unit}
        </text>
        <text class="gauge-end" x={36} y={144} text-anchor="middle">
          {formatNumber(min, 0)}
        </text>
        <text class="gauge-end" x={164} y={144} text-anchor="middle">
          {formatNumber(max, 0)}
        </text>
      </svg>
      {missingOf(reading)}
      <Age of={last} />
    </div>
  );
}
