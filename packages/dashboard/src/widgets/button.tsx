import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asFailure } from '../data/use-resource.ts';
import { useMayChange } from '../session/use-session.ts';
import { Icon } from '../ui/icon.tsx';
import { publishCommand } from './use-command.ts';
import { VIEWERS_LOOK } from './widget-parts.tsx';

type State =
  | { readonly step: 'ready' | 'sending' }
  | { readonly step: 'sent'; readonly matched: boolean }
  | { readonly step: 'failed'; readonly why: string };

/** Milliseconds it says that the message was sent. */
const SAYS_SENT = 2500;

/** Publishes a message. */
export function ButtonWidget({ widget }: { readonly widget: WidgetOf<'button'> }) {
  const { command, payload, label, color } = widget;
  const mayChange = useMayChange();
  const [state, setState] = useState<State>({ step: 'ready' });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = async (): Promise<void> => {
    clearTimeout(timer.current);
    setState({ step: 'sending' });
    try {
      setState({ step: 'sent', matched: await publishCommand(command, payload) });
      timer.current = setTimeout(() => setState({ step: 'ready' }), SAYS_SENT);
    } catch (error) {
      setState({ step: 'failed', why: asFailure(error).message });
    }
  };
  return (
    <div class="control">
      <button
        type="button"
        class={`press ${color}`}
        disabled={!mayChange || state.step === 'sending' || command.topic === ''}
        title={mayChange ? undefined : VIEWERS_LOOK}
        onClick={() => void press()}
      >
        {label}
      </button>
      <span class={`control-state ${state.step === 'failed' ? 'bad' : ''}`} role="status">
        {state.step === 'sending' && 'sending…'}
        {state.step === 'sent' && (
          <>
            <Icon name="check" size={14} />
            {state.matched ? 'sent' : 'sent; nobody listens'}
          </>
        )}
        {state.step === 'failed' && `not sent: ${state.why}`}
        {state.step === 'ready' && (command.topic === '' ? 'no topic chosen yet' : '')}
      </span>
    </div>
  );
}
