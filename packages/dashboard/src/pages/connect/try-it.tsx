import { useState } from 'preact/hooks';
import { Button } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { nextColor } from './colors.ts';
import type { Workbench } from './workbench.ts';

const KEY = 'cauldron-client-tried';

export interface TryItProps {
  readonly workbench: Workbench;
  readonly onConnect: () => void;
}

/** The first steps for who has never used MQTT; each is ticked off when it was done, by its button or otherwise. */
export function TryIt({ workbench, onConnect }: TryItProps) {
  const [dismissed, setDismissed] = useState(localStorage.getItem(KEY) !== null);
  const [opened, setOpened] = useState(false);
  if (dismissed) return null;
  const isConnected = workbench.connection.status === 'connected';
  const isSubscribed = workbench.subscriptions.length > 0;
  const subscribe = (): void => {
    const color = nextColor(workbench.subscriptions.map((one) => one.color));
    const rest = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    workbench.subscribe({ filter: 'workshop/#', color, ...rest });
  };
  const publish = (): void => void workbench.publish('workshop/hello', 'Hello from the browser', {});
  const openTab = (): void => {
    open(location.href, '_blank', 'noopener');
    setOpened(true);
  };
  const dismiss = (): void => {
    localStorage.setItem(KEY, 'yes');
    setDismissed(true);
  };
  return (
    <section class="connect-try" aria-label="Try it">
      <strong>New to MQTT? Try it:</strong>
      <ol>
        <Step done={isConnected}>
          <Button small onClick={onConnect} disabled={isConnected}>
            Connect
          </Button>
        </Step>
        <Step done={isSubscribed}>
          <Button small onClick={subscribe} disabled={!isConnected || isSubscribed}>
            Subscribe to workshop/#
          </Button>
        </Step>
        <Step done={workbench.published > 0}>
          <Button small onClick={publish} disabled={!isConnected}>
            Publish “Hello”
          </Button>
        </Step>
        <Step done={opened}>
          <Button small onClick={openTab} title="A client of its own: what one publishes comes to both">
            Open a second tab
          </Button>
        </Step>
      </ol>
      <Button small kind="quiet" icon="close" label="Do not show this again" onClick={dismiss} />
    </section>
  );
}

const Step = ({ done, children }: { readonly done: boolean; readonly children: preact.ComponentChildren }) => (
  <li class={done ? 'connect-done' : ''}>
    {done && (
      <>
        <Icon name="check" size={16} />
        <span class="visually-hidden">done:</span>
      </>
    )}
    {children}
  </li>
);
