import type { Widget } from '@cauldron/broker/admin-api';
import { ButtonWidget } from './button.tsx';
import { ChartWidget } from './chart.tsx';
import { Gauge } from './gauge.tsx';
import { ImageWidget } from './image.tsx';
import { Indicator } from './indicator.tsx';
import { nameOf } from './kinds.ts';
import { LogWidget } from './log.tsx';
import { NumberWidget } from './number.tsx';
import { SliderWidget } from './slider.tsx';
import { SwitchWidget } from './switch.tsx';
import { TextWidget } from './text.tsx';
import './widgets.css';

/** A widget, as large as the room it is given. */
export function WidgetView({ widget }: { readonly widget: Widget }) {
  const title = widget.title.trim();
  const name = nameOf(widget);
  return (
    <section class={`widget widget-${widget.type}`} aria-label={name}>
      {title !== '' && <h2 class="widget-title">{title}</h2>}
      <div class="widget-body">
        <Content widget={widget} name={name} />
      </div>
    </section>
  );
}

function Content({ widget, name }: { readonly widget: Widget; readonly name: string }) {
  switch (widget.type) {
    case 'gauge':
      return <Gauge widget={widget} name={name} />;
    case 'number':
      return <NumberWidget widget={widget} />;
    case 'chart':
      return <ChartWidget widget={widget} name={name} />;
    case 'indicator':
      return <Indicator widget={widget} />;
    case 'button':
      return <ButtonWidget widget={widget} />;
    case 'switch':
      return <SwitchWidget widget={widget} name={name} />;
    case 'slider':
      return <SliderWidget widget={widget} name={name} />;
    case 'text':
      return <TextWidget widget={widget} />;
    case 'log':
      return <LogWidget widget={widget} name={name} />;
    case 'image':
      return <ImageWidget widget={widget} name={name} />;
  }
}
