import type { Client, ClientEvent } from '@cauldron/broker/admin-api';
import { useLive } from '../../data/use-live.ts';
import { routeTo } from '../../routing/routes.ts';
import { Badge, Card, Empty, Note } from '../../ui/controls.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { LiveNote } from '../../ui/live-note.tsx';
import { useNow } from '../../ui/use-now.ts';
import { ClientActions } from './client-actions.tsx';
import { ConnectionCard, SessionCard } from './client-facts.tsx';
import { ClientTraffic } from './client-traffic.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { Timeline } from './timeline.tsx';
import { WillCard } from './will-card.tsx';

/** One client: who it is, what it does, what it has, and what happened to it. */
export function ClientView({ clientId }: { readonly clientId: string }) {
  const seen = useLive('client', clientId);
  return (
    <>
      <a class="clients-back" href={routeTo(['clients'])}>
        <Icon name="left" size={16} /> All clients
      </a>
      <div class="page-head clients-head">
        <h1 class="clients-title">
          <span class="mono">{clientId}</span> <CopyButton text={clientId} label="Copy the client identifier" />
        </h1>
        {seen?.client && <State client={seen.client} />}
      </div>
      <LiveNote known={seen !== undefined} waitingFor="asking for the client" />
      {seen !== undefined &&
        (seen.client === null ? (
          <NotHere clientId={clientId} events={seen.events} />
        ) : (
          <Known client={seen.client} events={seen.events} />
        ))}
    </>
  );
}

const State = ({ client: { state, slow } }: { readonly client: Client }) => (
  <span class="button-row">
    {state === 'connected' ? <Badge tone="good">connected</Badge> : <Badge>away</Badge>}
    {slow && <Badge tone="warn">slow: messages are dropped for it</Badge>}
  </span>
);

interface KnownProps {
  readonly client: Client;
  readonly events: readonly ClientEvent[];
}

function Known({ client, events }: KnownProps) {
  const now = useNow();
  return (
    <>
      <ClientActions client={client} />
      <div class="clients-columns">
        <div class="stack clients-column">
          <ConnectionCard client={client} now={now} />
          <SessionCard client={client} now={now} />
          <WillCard will={client.will} />
        </div>
        <div class="stack clients-column">
          {client.state === 'connected' && <ClientTraffic client={client} />}
          <Subscriptions client={client} />
          <Card title="What happened">
            <Timeline events={events} now={now} />
          </Card>
        </div>
      </div>
    </>
  );
}

/** A session that ended, or an identifier that never was one. */
function NotHere({ clientId, events }: { readonly clientId: string; readonly events: readonly ClientEvent[] }) {
  const now = useNow();
  if (events.length === 0) {
    return (
      <Card>
        <Empty icon="clients">
          There is no client “{clientId}”, and nothing happened to one lately. Is the identifier spelled as the client
          spells it?
        </Empty>
      </Card>
    );
  }
  return (
    <>
      <Note>
        There is no client “{clientId}” now: it is not connected, and no session waits for it. What happened to it last
        stands below; it shows here again when it comes back.
      </Note>
      <Card title="What happened">
        <Timeline events={events} now={now} />
      </Card>
    </>
  );
}
