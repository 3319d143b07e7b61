import type { WidgetOf } from '@cauldron/broker/admin-api';
import { Icon, type IconName } from '../ui/icon.tsx';
import { textReading } from './reading.ts';
import { useTopic } from './use-topic.ts';
import { missingOf } from './widget-parts.tsx';

type Color = WidgetOf<'indicator'>['offColor'];

/** Each colour has a form of its own, so that nobody has to tell colours apart. */
const ICONS: Readonly<Record<Color, IconName>> = {
  good: 'check',
  warn: 'warning',
  bad: 'close',
  info: 'info',
  off: 'minus',
};

/** On or off, as colour, form and word. */
export function Indicator({ widget }: { readonly widget: WidgetOf<'indicator'> }) {
  const { source, on, onLabel, offLabel, onColor, offColor } = widget;
  const last = useTopic(source.topic);
  const reading = textReading(source, last);
  if (reading.state !== 'value') return missingOf(reading);
  const isOn = reading.value.trim() === on.trim();
  const color = isOn ? onColor : offColor;
  return (
    <div class={`indicator ${color}`} role="status" data-on={isOn}>
      <span class="indicator-light">
        <Icon name={ICONS[color]} size={30} />
      </span>
      <span class="indicator-label">{isOn ? onLabel : offLabel}</span>
    </div>
  );
}
