import type { Source, WidgetOf } from '@cauldron/broker/admin-api';
import { Check, TextField } from '../../../ui/controls.tsx';
import type { Problems } from '../problems.ts';
import { ColorField } from './color-field.tsx';
import { CommandField } from './command-field.tsx';
import type { FieldsProps } from './fields-props.ts';
import { NumberField } from './number-field.tsx';
import { RangeFields } from './number-fields.tsx';
import { SourceField } from './source-field.tsx';

/** The fields of widgets that publish. */
export const ButtonFields = ({ widget, problems, set }: FieldsProps<WidgetOf<'button'>>) => (
  <>
    <CommandField value={widget.command} onChange={(command) => set({ command })} error={problems['command.topic']} />
    <TextField label="Payload" value={widget.payload} onInput={(payload) => set({ payload })} lines={2} mono />
    <div class="fields">
      <TextField
        label="Word on the button"
        value={widget.label}
        onInput={(label) => set({ label: label.slice(0, 100) })}
      />
      <ColorField
        label="Colour"
        value={widget.color}
        colors={['primary', 'good', 'warn', 'bad']}
        onChange={(color) => set({ color })}
      />
    </div>
  </>
);

export function SwitchFields({ widget, problems, set }: FieldsProps<WidgetOf<'switch'>>) {
  return (
    <>
      <CommandField value={widget.command} onChange={(command) => set({ command })} error={problems['command.topic']} />
      <div class="fields">
        <TextField label="Payload for on" value={widget.onPayload} onInput={(onPayload) => set({ onPayload })} mono />
        <TextField
          label="Payload for off"
          value={widget.offPayload}
          onInput={(offPayload) => set({ offPayload })}
          mono
        />
      </div>
      <FeedbackField value={widget.feedback} problems={problems} onChange={(feedback) => set({ feedback })} />
      {widget.feedback !== null && (
        <TextField
          label="It is on when the device says"
          value={widget.on}
          onInput={(on) => set({ on })}
          hint="Anything else is off"
          mono
        />
      )}
    </>
  );
}

export const SliderFields = ({ widget, problems, set }: FieldsProps<WidgetOf<'slider'>>) => (
  <>
    <CommandField value={widget.command} onChange={(command) => set({ command })} error={problems['command.topic']} />
    <RangeFields widget={widget} problems={problems} set={set} />
    <NumberField label="Step" value={widget.step} error={problems.step} onChange={(step) => set({ step })} />
    <FeedbackField value={widget.feedback} problems={problems} onChange={(feedback) => set({ feedback })} />
  </>
);

interface FeedbackFieldProps {
  readonly value: Source | null;
  readonly problems: Problems;
  readonly onChange: (feedback: Source | null) => void;
}

const FeedbackField = ({ value, problems, onChange }: FeedbackFieldProps) => (
  <fieldset class="dashboards-set">
    <legend>Feedback</legend>
    <Check
      label="The device says on a topic how it stands"
      checked={value !== null}
      onChange={(checked) => onChange(checked ? { topic: '', path: '' } : null)}
    />
    {value === null ? (
      <p class="field-hint">Without it, what was commanded last is shown, whether the device did it or not.</p>
    ) : (
      <SourceField
        label="Feedback topic"
        value={value}
        onChange={onChange}
        topicError={problems['feedback.topic']}
        pathError={problems['feedback.path']}
      />
    )}
  </fieldset>
);
