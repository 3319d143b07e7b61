import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useId, useRef, useState } from 'preact/hooks';
import { useMayChange } from '../session/use-session.ts';
import { stepped, Throttle } from './commanding.ts';
import { statusSource } from './kinds.ts';
import { formatNumber, numberReading, withUnit } from './reading.ts';
import { useCommand } from './use-command.ts';
import { useTopic } from './use-topic.ts';
import { VIEWERS_LOOK } from './widget-parts.tsx';

/** Milliseconds between two messages while it is dragged. */
const BETWEEN = 200;

/** Sets a number, and shows what the device says about it. */
export function SliderWidget({ widget, name }: { readonly widget: WidgetOf<'slider'>; readonly name: string }) {
  const { command, min, max, step, unit, decimals } = widget;
  const mayChange = useMayChange();
  const id = useId();
  const status = statusSource(widget);
  const last = useTopic(status.topic);
  const reading = numberReading(status, last);
  const { state, shown, send } = useCommand({
    command,
    reported: reading.state === 'value' ? reading.value : null,
    message: last,
    same: (a, b) => Math.abs(a - b) <= step / 2,
  });
  const [dragged, setDragged] = useState<number | null>(null);
  const latest = useRef(send);
  latest.current = send;
  const [throttle] = useState(
    () =>
      new Throttle<number>(
        BETWEEN,
        (value) => latest.current(value, String(value)),
        (then, ms) => setTimeout(then, ms),
      ),
  );
  const set = (event: { currentTarget: HTMLInputElement }, isEnd: boolean): void => {
    const value = stepped(event.currentTarget.valueAsNumber, min, max, step);
    // The end of dragging says once more what was said last.
    if (!isEnd || value !== dragged) throttle.push(value);
    setDragged(isEnd ? null : value);
  };
  const value = dragged ?? shown;
  const text = value === null ? '–' : formatNumber(value, decimals);
  const isAhead = state.wanted !== null && state.reported !== null;
  return (
    <div class="control slider">
      <label class="slider-value" for={id}>
        <span class="visually-hidden">{name}: </span>
        {text}
        <span class="number-unit">{unit}</span>
      </label>
      <div class="slider-row">
        <span class="slider-end">{formatNumber(min, 0)}</span>
        <input
          id={id}
          class="slider-input"
          type="range"
          min={min}
          max={max}
          step={step}
          value={value ?? min}
          aria-valuetext={withUnit(text, unit)}
          disabled={!mayChange || command.topic === ''}
          title={mayChange ? undefined : VIEWERS_LOOK}
          onInput={(event) => set(event, false)}
          onChange={(event) => set(event, true)}
        />
        <span class="slider-end">{formatNumber(max, 0)}</span>
      </div>
      <span class={`control-state ${state.problem === null ? '' : 'bad'}`} role="status">
        {state.problem}
        {state.problem === null &&
          isAhead &&
          `the device still says ${withUnit(formatNumber(state.reported!, decimals), unit)}`}
        {state.problem === null && !isAhead && reading.state !== 'value' && reading.problem}
      </span>
    </div>
  );
}
