import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useMayChange } from '../session/use-session.ts';
import { statusSource } from './kinds.ts';
import { textReading } from './reading.ts';
import { useCommand } from './use-command.ts';
import { useTopic } from './use-topic.ts';
import { unknownOf, VIEWERS_LOOK } from './widget-parts.tsx';

/** Turns something on and off, and shows what the device says about it. */
export function SwitchWidget({ widget, name }: { readonly widget: WidgetOf<'switch'>; readonly name: string }) {
  const { command, onPayload, offPayload, feedback } = widget;
  const mayChange = useMayChange();
  const status = statusSource(widget);
  const last = useTopic(status.topic);
  const reading = textReading(status, last);
  const on = feedback === null ? onPayload : widget.on;
  const reported = reading.state === 'value' ? reading.value.trim() === on.trim() : null;
  const { state, shown, send } = useCommand({ command, reported, message: last });
  const isOn = shown === true;
  return (
    <div class="control">
      <button
        type="button"
        role="switch"
        class={`toggle ${state.wanted === null ? '' : 'pending'} ${shown === null ? 'unknown' : ''}`}
        aria-checked={isOn}
        aria-label={name}
        disabled={!mayChange || command.topic === ''}
        title={mayChange ? undefined : VIEWERS_LOOK}
        onClick={() => send(!isOn, isOn ? offPayload : onPayload)}
      >
        <span class="toggle-track">
          <span class="toggle-knob" />
        </span>
        <span class="toggle-word">{shown === null ? '?' : isOn ? 'on' : 'off'}</span>
      </button>
      <span class={`control-state ${state.problem === null ? '' : 'bad'}`} role="status">
        {state.problem ?? (state.wanted !== null ? 'waiting for the device…' : '')}
        {state.problem === null && state.wanted === null && reading.state !== 'value' && unknownOf(feedback, reading)}
      </span>
    </div>
  );
}
