import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useId, useRef, useState } from 'preact/hooks';
import { useMayChange } from '../session/use-session.ts';
import { stepped, Throttle } from './commanding.ts';
import { statusSource } from './kinds.ts';
import { formatNumber, numberReading, withUnit } from './reading.ts';
import { useCommand } from './use-command.ts';
import { useTopic } from './use-topic.ts';
import { unknownOf, VIEWERS_LOOK } from './widget-parts.tsx';

/** Milliseconds between two messages while it is dragged. */
const BETWEEN = 200;

/** Sets a number, and shows what the device says about it. */
export function SliderWidget({ widget, name }: { readonly widget: WidgetOf<'slider'>; readonly name: string }) {
  const { command, feedback, min, max, step, unit, decimals } = widget;
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
  const [set, moved] = useThrottled(send);
  const value = moved ?? shown;
  const allowed = (event: { currentTarget: HTMLInputElement }): number =>
    stepped(event.currentTarget.valueAsNumber, min, max, step);
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
          onInput={(event) => set(allowed(event), false)}
          onChange={(event) => set(allowed(event), true)}
        />
        <span class="slider-end">{formatNumber(max, 0)}</span>
      </div>
      <span class={`control-state ${state.problem === null ? '' : 'bad'}`} role="status">
        {state.problem}
        {state.problem === null &&
          isAhead &&
          `the device still says ${withUnit(formatNumber(state.reported!, decimals), unit)}`}
        {state.problem === null && !isAhead && reading.state !== 'value' && unknownOf(feedback, reading)}
      </span>
    </div>
  );
}

/**
 * Sends what somebody sets, not too often.
 *
 * @returns what takes a value (`isEnd`: it is let go there), and the value that is shown because it is not sent yet
 */
function useThrottled(send: (value: number, payload: string) => void) {
  const [moved, setMoved] = useState<number | null>(null);
  const now = useRef({ send, moving: false, set: Number.NaN, sent: Number.NaN });
  now.current.send = send;
  const settle = (): void => {
    const { moving, set, sent } = now.current;
    if (!moving && set === sent) setMoved(null);
  };
  const [throttle] = useState(
    () =>
      new Throttle<number>(
        BETWEEN,
        (value) => {
          now.current.sent = value;
          now.current.send(value, String(value));
          settle();
        },
        (then, milliseconds) => setTimeout(then, milliseconds),
      ),
  );
  const set = (value: number, isEnd: boolean): void => {
    // The end of moving says once more what was said last.
    const isNew = value !== now.current.set || !isEnd;
    now.current.set = value;
    now.current.moving = !isEnd;
    setMoved(value);
    if (isNew) throttle.push(value);
    settle();
  };
  return [set, moved] as const;
}
