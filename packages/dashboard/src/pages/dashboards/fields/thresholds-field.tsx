import type { Threshold } from '@cauldron/broker/admin-api';
import { Button } from '../../../ui/controls.tsx';
import { ColorField } from './color-field.tsx';
import { NumberField } from './number-field.tsx';

const MOST = 10;
const COLORS = ['good', 'warn', 'bad', 'info'] as const;

export interface ThresholdsFieldProps {
  readonly value: readonly Threshold[];
  readonly onChange: (thresholds: Threshold[]) => void;
}

/** From which value on there is which colour. */
export function ThresholdsField({ value, onChange }: ThresholdsFieldProps) {
  const change = (index: number, part: Partial<Threshold>): void =>
    onChange(value.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <fieldset class="dashboards-set">
      <legend>Colours</legend>
      {value.map(({ from, color }, index) => (
        <div class="dashboards-row" key={index}>
          <NumberField label="From" value={from} onChange={(next) => change(index, { from: next })} />
          <ColorField
            label="Colour"
            value={color}
            colors={COLORS}
            onChange={(next) => change(index, { color: next })}
          />
          <Button
            kind="quiet"
            icon="trash"
            label={`Remove the colour from ${from}`}
            onClick={() => onChange(value.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <Button
        small
        icon="plus"
        disabled={value.length >= MOST}
        onClick={() =>
          onChange([...value, { from: (value.at(-1)?.from ?? 0) + (value.length === 0 ? 0 : 10), color: next(value) }])
        }
      >
        Add a colour
      </Button>
    </fieldset>
  );
}

const next = (value: readonly Threshold[]): Threshold['color'] =>
  (['good', 'warn', 'bad'] as const)[Math.min(2, value.length)]!;
