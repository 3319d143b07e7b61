import type { Widget, WidgetOf } from '@cauldron/broker/admin-api';
import { Check, SelectField, TextField } from '../../../ui/controls.tsx';
import { ColorField } from './color-field.tsx';
import { ButtonFields, SliderFields, SwitchFields } from './control-fields.tsx';
import type { FieldsProps } from './fields-props.ts';
import { NumberField } from './number-field.tsx';
import { DecimalsField, RangeFields, UnitField } from './number-fields.tsx';
import { SeriesField } from './series-field.tsx';
import { SourceField } from './source-field.tsx';
import { ThresholdsField } from './thresholds-field.tsx';
import { TopicField } from './topic-field.tsx';

/** The fields of a widget that only its kind has. */
export function KindFields({ widget, problems, set }: FieldsProps<Widget>) {
  // `set` takes parts of the very widget that is given, which its type cannot say.
  const of = <W extends Widget>(one: W): FieldsProps<W> => ({
    widget: one,
    problems,
    set: set as FieldsProps<W>['set'],
  });
  switch (widget.type) {
    case 'gauge':
    case 'number':
      return <ValueFields {...of<WidgetOf<'gauge'> | WidgetOf<'number'>>(widget)} />;
    case 'chart':
      return <ChartFields {...of(widget)} />;
    case 'indicator':
      return <IndicatorFields {...of(widget)} />;
    case 'button':
      return <ButtonFields {...of(widget)} />;
    case 'switch':
      return <SwitchFields {...of(widget)} />;
    case 'slider':
      return <SliderFields {...of(widget)} />;
    case 'text':
      return <TextFields {...of(widget)} />;
    case 'log':
      return <LogFields {...of(widget)} />;
    case 'image':
      return <ImageFields {...of(widget)} />;
  }
}

function ValueFields({ widget, problems, set }: FieldsProps<WidgetOf<'gauge'> | WidgetOf<'number'>>) {
  return (
    <>
      <SourceField
        value={widget.source}
        onChange={(source) => set({ source })}
        topicError={problems['source.topic']}
        pathError={problems['source.path']}
        autofocus
      />
      {widget.type === 'gauge' ? (
        <RangeFields widget={widget} problems={problems} set={set} />
      ) : (
        <div class="fields">
          <UnitField widget={widget} set={set} />
          <DecimalsField widget={widget} set={set} />
        </div>
      )}
      <ThresholdsField value={widget.thresholds} onChange={(thresholds) => set({ thresholds })} />
    </>
  );
}

const WINDOWS = [
  ['60', '1 minute'],
  ['120', '2 minutes'],
  ['300', '5 minutes'],
  ['900', '15 minutes'],
  ['3600', '1 hour'],
  ['21600', '6 hours'],
  ['86400', '1 day'],
] as const;

function ChartFields({ widget, problems, set }: FieldsProps<WidgetOf<'chart'>>) {
  const known = WINDOWS.some(([seconds]) => seconds === String(widget.window));
  return (
    <>
      <SeriesField value={widget.series} problems={problems} onChange={(series) => set({ series })} />
      <div class="fields">
        <SelectField<string>
          label="Time shown"
          value={String(widget.window)}
          options={[...(known ? [] : [[String(widget.window), `${widget.window} seconds`] as const]), ...WINDOWS]}
          onChange={(seconds) => set({ window: Number(seconds) })}
        />
        <UnitField widget={widget} set={set} />
        <DecimalsField widget={widget} set={set} />
      </div>
      <div class="fields">
        <NumberField
          label="Lowest value"
          value={widget.min}
          placeholder="as it comes"
          onChange={(min) => set({ min })}
          onEmpty={() => set({ min: null })}
        />
        <NumberField
          label="Highest value"
          value={widget.max}
          placeholder="as it comes"
          error={problems.max}
          onChange={(max) => set({ max })}
          onEmpty={() => set({ max: null })}
        />
      </div>
    </>
  );
}

function IndicatorFields({ widget, problems, set }: FieldsProps<WidgetOf<'indicator'>>) {
  return (
    <>
      <SourceField
        value={widget.source}
        onChange={(source) => set({ source })}
        topicError={problems['source.topic']}
        pathError={problems['source.path']}
        autofocus
      />
      <TextField
        label="It is on when it says"
        value={widget.on}
        onInput={(on) => set({ on })}
        hint="Anything else is off"
        mono
      />
      <div class="fields">
        <TextField
          label="Word for on"
          value={widget.onLabel}
          onInput={(onLabel) => set({ onLabel: onLabel.slice(0, 50) })}
        />
        <ColorField
          label="Colour of on"
          value={widget.onColor}
          colors={['good', 'warn', 'bad', 'info']}
          onChange={(onColor) => set({ onColor })}
        />
        <TextField
          label="Word for off"
          value={widget.offLabel}
          onInput={(offLabel) => set({ offLabel: offLabel.slice(0, 50) })}
        />
        <ColorField
          label="Colour of off"
          value={widget.offColor}
          colors={['off', 'good', 'warn', 'bad', 'info']}
          onChange={(offColor) => set({ offColor })}
        />
      </div>
    </>
  );
}

function TextFields({ widget, problems, set }: FieldsProps<WidgetOf<'text'>>) {
  const { source } = widget;
  return (
    <>
      <Check
        label="Show the last message of a topic"
        checked={source !== null}
        onChange={(checked) => set({ source: checked ? { topic: '', path: '' } : null })}
      />
      {source === null ? (
        <TextField
          label="Text"
          value={widget.text}
          onInput={(text) => set({ text: text.slice(0, 10_000) })}
          lines={6}
        />
      ) : (
        <SourceField
          value={source}
          onChange={(next) => set({ source: next })}
          topicError={problems['source.topic']}
          pathError={problems['source.path']}
        />
      )}
    </>
  );
}

const LogFields = ({ widget, problems, set }: FieldsProps<WidgetOf<'log'>>) => (
  <>
    <TopicField
      label="Topics"
      value={widget.filter}
      onInput={(filter) => set({ filter })}
      error={problems.filter}
      hint="+ stands for one level, # for all below"
      placeholder="house/#"
      autofocus
    />
    <NumberField label="Lines kept" value={widget.lines} whole={[5, 500]} onChange={(lines) => set({ lines })} />
  </>
);

const ImageFields = ({ widget, problems, set }: FieldsProps<WidgetOf<'image'>>) => (
  <>
    <SourceField
      value={widget.source}
      onChange={(source) => set({ source })}
      topicError={problems['source.topic']}
      pathError={problems['source.path']}
      autofocus
      whole
    />
    <SelectField
      label="Where it does not fit"
      value={widget.fit}
      options={[
        ['contain', 'show all of it'],
        ['cover', 'fill the room, and cut its edges off'],
      ]}
      onChange={(fit) => set({ fit })}
    />
  </>
);
