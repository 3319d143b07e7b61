import type { Client, Page, Subscription } from '@cauldron/broker/admin-api';
import { useState } from 'preact/hooks';
import { search } from '../../data/api.ts';
import { useResource } from '../../data/use-resource.ts';
import { plural } from '../../format/quantities.ts';
import { Badge, Button, Card, Loading, Note } from '../../ui/controls.tsx';
import { TableWrap } from '../../ui/table-wrap.tsx';

/** What a client is subscribed to: as it is now where that is little, page by page where it is much. */
export function Subscriptions({ client }: { readonly client: Client }) {
  const { subscriptions, subscriptionList } = client;
  const title = subscriptions === 0 ? 'Subscriptions' : plural(subscriptions, 'subscription');
  return (
    <Card title={title}>
      {subscriptions === 0 ? (
        <span class="muted">It is subscribed to nothing: it gets no messages.</span>
      ) : subscriptions > subscriptionList.length ? (
        <PagedSubscriptions clientId={client.clientId} />
      ) : (
        <SubscriptionTable subscriptions={subscriptionList} />
      )}
    </Card>
  );
}

/** Rows of a page. */
const ROWS = 50;

function PagedSubscriptions({ clientId }: { readonly clientId: string }) {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const query = search({ limit: ROWS, cursor: cursors.at(-1) });
  const { data, error } = useResource<Page<Subscription>>(
    `/clients/${encodeURIComponent(clientId)}/subscriptions${query}`,
  );
  if (error !== undefined) return <Note tone="bad">{error.message}</Note>;
  if (data === undefined) return <Loading label="asking for its subscriptions" />;
  const { items, next } = data;
  const first = cursors.length * ROWS;
  return (
    <div class="stack">
      <SubscriptionTable subscriptions={items} />
      <div class="clients-pager">
        <span class="muted small">
          {first + 1} to {first + items.length}
        </span>
        <div class="button-row">
          <Button small disabled={first === 0} onClick={() => setCursors((before) => before.slice(0, -1))}>
            Previous
          </Button>
          <Button
            small
            disabled={next === null}
            onClick={() => next !== null && setCursors((before) => [...before, next])}
          >
            Next
          </Button>
        </div>
      </div>
    </div>
  );
}

const SubscriptionTable = ({ subscriptions }: { readonly subscriptions: readonly Subscription[] }) => (
  <TableWrap label="Subscriptions">
    <table class="table clients-subscriptions">
      <thead>
        <tr>
          <th scope="col">Topic filter</th>
          <th scope="col">QoS</th>
          <th scope="col">Options</th>
        </tr>
      </thead>
      <tbody>
        {subscriptions.map((one) => (
          <tr key={one.filter}>
            <td class="mono clients-filter">{one.filter}</td>
            <td>{one.qos}</td>
            <td>
              <Options subscription={one} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableWrap>
);

function Options({ subscription }: { readonly subscription: Subscription }) {
  const { shareGroup, noLocal, retainAsPublished, identifiers } = subscription;
  return (
    <span class="button-row">
      {shareGroup !== null && <Badge tone="accent">shared: {shareGroup}</Badge>}
      {noLocal && <Badge>no local</Badge>}
      {retainAsPublished && <Badge>retain as published</Badge>}
      {identifiers.length > 0 && <Badge>id {identifiers.join(', ')}</Badge>}
    </span>
  );
}
