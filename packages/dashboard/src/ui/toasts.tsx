import { useEffect, useState } from 'preact/hooks';
import { asFailure } from '../data/use-resource.ts';
import { Button } from './controls.tsx';

/** Milliseconds a message stays; one with something to do stays longer. */
const STAYS = 5000;
const STAYS_WITH_ACTION = 20_000;

export interface Toast {
  readonly text: string;
  readonly tone?: 'info' | 'good' | 'bad';
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Shown extends Toast {
  readonly id: number;
}

let show: (toast: Toast) => void = () => {};

/** Says something at the edge of the page, for a moment. */
export function toast(text: string, options: Omit<Toast, 'text'> = {}): void {
  show({ text, ...options });
}

/** Says what went wrong. */
export function toastFailure(error: unknown): void {
  toast(asFailure(error).message, { tone: 'bad' });
}

let lastId = 0;

/** Where {@link toast} shows; once in the page. */
export function Toasts() {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const drop = (id: number): void => setShown((all) => all.filter((one) => one.id !== id));
  useEffect(() => {
    show = (toast) => {
      lastId += 1;
      const id = lastId;
      setShown((all) => [...all.slice(-3), { ...toast, id }]);
      setTimeout(drop, toast.action === undefined ? STAYS : STAYS_WITH_ACTION, id);
    };
    return () => {
      show = () => {};
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone = 'info', action }) => (
        <div key={id} class={`toast ${tone}`}>
          <span class="toast-text">{text}</span>
          {action !== undefined && (
            <Button
              small
              onClick={() => {
                drop(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <Button small kind="quiet" icon="close" label="Dismiss" onClick={() => drop(id)} />
        </div>
      ))}
    </div>
  );
}
