import type { Client } from '@cauldron/broker/admin-api';
import { useState } from 'preact/hooks';
import { post, remove } from '../../data/api.ts';
import { plural } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { useMayChange } from '../../session/use-session.ts';
import { Button, TextField } from '../../ui/controls.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { toast, toastFailure } from '../../ui/toasts.tsx';

const READ_ONLY = 'You may look at clients, not change them: log in as an administrator.';

const pathOf = (clientId: string): string => `/clients/${encodeURIComponent(clientId)}`;

/** What may be done to a client. */
export function ClientActions({ client }: { readonly client: Client }) {
  const mayChange = useMayChange();
  const [asking, setAsking] = useState<'disconnect' | 'discard' | null>(null);
  const close = (): void => setAsking(null);
  const here = client.state === 'connected';
  return (
    <div class="button-row">
      <Button
        icon="logout"
        disabled={!mayChange || !here}
        title={here ? undefined : 'It is not connected.'}
        onClick={() => setAsking('disconnect')}
      >
        Disconnect…
      </Button>
      <Button kind="danger" icon="trash" disabled={!mayChange} onClick={() => setAsking('discard')}>
        Discard session…
      </Button>
      <a class="button" href={routeTo(['clients'], { tab: 'explain', client: client.clientId })}>
        What may it do?
      </a>
      {!mayChange && <span class="muted small">{READ_ONLY}</span>}
      {asking === 'disconnect' && <DisconnectDialog client={client} onClose={close} />}
      {asking === 'discard' && <DiscardDialog client={client} onClose={close} />}
    </div>
  );
}

interface ActionProps {
  readonly client: Client;
  readonly onClose: () => void;
}

/** Runs an action once, says what came of it, and closes. */
function useAction(
  onClose: () => void,
): readonly [busy: boolean, run: (action: () => Promise<{ message: string }>) => void] {
  const [busy, setBusy] = useState(false);
  const run = (action: () => Promise<{ message: string }>): void => {
    setBusy(true);
    action().then(
      ({ message }) => {
        toast(message, { tone: 'good' });
        onClose();
      },
      (error: unknown) => {
        toastFailure(error);
        setBusy(false);
      },
    );
  };
  return [busy, run];
}

function DisconnectDialog({ client: { clientId, protocol, sessionExpiry }, onClose }: ActionProps) {
  const [reason, setReason] = useState('disconnected by an administrator');
  const [busy, run] = useAction(onClose);
  const told =
    protocol === '5.0'
      ? 'The client is told this, and it stands in its events.'
      : `MQTT ${protocol ?? '3.1.1'} cannot tell the client why; it stands in its events.`;
  return (
    <Dialog
      title={`Disconnect ${clientId}?`}
      onClose={onClose}
      onSubmit={() => run(() => post(`${pathOf(clientId)}/disconnect`, { reason }))}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger-primary" type="submit" disabled={busy}>
            Disconnect
          </Button>
        </>
      }
    >
      <p>
        Its connection ends{sessionExpiry === 0 ? ', and its session with it' : '; its session stays and waits for it'}.
        If it has a will, that is published. Most clients connect again by themselves.
      </p>
      <TextField label="Reason" value={reason} onInput={setReason} hint={told} />
    </Dialog>
  );
}

function DiscardDialog({ client, onClose }: ActionProps) {
  const { clientId, subscriptions, queued, inflight, state } = client;
  const [busy, run] = useAction(onClose);
  const waiting = queued + inflight;
  return (
    <Confirm
      title={`Discard the session of ${clientId}?`}
      confirm="Discard session"
      busy={busy}
      onClose={onClose}
      onConfirm={() => run(() => remove(pathOf(clientId)))}
    >
      <p>
        {plural(subscriptions, 'subscription')} and {plural(waiting, 'message')} that {waiting === 1 ? 'waits' : 'wait'}{' '}
        for it are gone for good
        {state === 'connected' ? ', and its connection ends' : ''}. When the client comes back it begins anew. This
        cannot be undone.
      </p>
    </Confirm>
  );
}
