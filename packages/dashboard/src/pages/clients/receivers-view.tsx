import type { Receiver, ReceiversPage } from '@cauldron/broker/admin-api';
import { plural } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { Badge, Button, Card, Note, type Tone } from '../../ui/controls.tsx';
import { TableWrap } from '../../ui/table-wrap.tsx';
import { useNarrow } from '../../ui/use-media.ts';

export interface ReceiversViewProps {
  readonly topic: string;
  readonly page: ReceiversPage;
  readonly onBack: (() => void) | undefined;
  readonly onNext: (cursor: string) => void;
}

/** Who would get a message, and what would become of it. */
export function ReceiversView({ topic, page, onBack, onNext }: ReceiversViewProps) {
  const { items, total, next, retained, denied } = page;
  return (
    <Card title={items.length === 0 ? 'Nobody would get it' : `${plural(total ?? items.length, 'receiver')}`}>
      <div class="stack">
        {items.length === 0 ? <Nobody topic={topic} page={page} /> : <Receivers receivers={items} />}
        {denied > 0 && (
          <Note tone="warn">
            {plural(denied, 'more subscription')} {denied === 1 ? 'matches' : 'match'}, but the rules do not let{' '}
            {denied === 1 ? 'its client' : 'their clients'} read this topic.{' '}
            <a href={routeTo(['clients'], { tab: 'explain', action: 'receive', topic })}>Ask why</a>
          </Note>
        )}
        {retained && items.length > 0 && (
          <span class="muted small">The topic has a retained message: whoever subscribes later gets that at once.</span>
        )}
        {(next !== null || onBack !== undefined) && (
          <div class="clients-pager">
            <Button small disabled={onBack === undefined} onClick={() => onBack?.()}>
              Previous
            </Button>
            <Button small disabled={next === null} onClick={() => next !== null && onNext(next)}>
              Next
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}

const OUTCOMES: Readonly<Record<Receiver['outcome'], Tone>> = { sent: 'good', queued: 'warn', dropped: 'bad' };

interface ReceiversProps {
  readonly receivers: readonly Receiver[];
}

const Receivers = (props: ReceiversProps) => (useNarrow() ? <List {...props} /> : <Table {...props} />);

const Who = ({ receiver: { clientId, state, username } }: { readonly receiver: Receiver }) => (
  <>
    {clientId === null ? (
      'the broker’s own program'
    ) : (
      <a class="mono" href={routeTo(['clients', clientId])}>
        {clientId}
      </a>
    )}
    <br />
    <span class="muted small">
      {state}
      {username !== null && `, ${username}`}
    </span>
  </>
);

const Outcome = ({ receiver: { outcome, shareGroup, note } }: { readonly receiver: Receiver }) => (
  <>
    <Badge tone={OUTCOMES[outcome]}>{outcome}</Badge>{' '}
    {shareGroup !== null && <Badge tone="accent">shared: {shareGroup}</Badge>}
    <br />
    <span class="small">{note}</span>
  </>
);

const Table = ({ receivers }: ReceiversProps) => (
  <TableWrap label="Receivers">
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Client</th>
          <th scope="col">QoS</th>
          <th scope="col">Outcome</th>
          <th scope="col">Because of</th>
        </tr>
      </thead>
      <tbody>
        {receivers.map((one) => (
          <tr key={`${one.clientId} ${one.shareGroup}`}>
            <td>
              <Who receiver={one} />
            </td>
            <td>{one.qos}</td>
            <td>
              <Outcome receiver={one} />
            </td>
            <td class="mono clients-filter">{one.filters.join('\n')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableWrap>
);

const List = ({ receivers }: ReceiversProps) => (
  <ul class="clients-items">
    {receivers.map((one) => (
      <li key={`${one.clientId} ${one.shareGroup}`}>
        <div>
          <Who receiver={one} />
        </div>
        <div>
          <Outcome receiver={one} />
        </div>
        {one.filters.length > 0 && <code class="clients-filter">{one.filters.join('\n')}</code>}
      </li>
    ))}
  </ul>
);

const Nobody = ({ topic, page: { denied, retained } }: { readonly topic: string; readonly page: ReceiversPage }) => (
  <div class="stack">
    <p>
      {denied === 0 ? 'No subscription matches' : 'Nobody who may read it is subscribed to'} <code>{topic}</code>. What
      to check:
    </p>
    <ul class="clients-checks">
      <li>
        Is the topic spelled as the subscriber spells it? Upper and lower case differ, and so does a slash in front.
      </li>
      <li>
        <code>+</code> stands for one level, <code>#</code> for all that follow; neither matches topics that begin with{' '}
        <code>$</code>.
      </li>
      <li>
        Did the subscription succeed? A client shows what it is subscribed to on its own page; denied ones are under{' '}
        <a href={routeTo(['clients'], { tab: 'refusals' })}>Recent refusals</a>.
      </li>
      <li>A subscriber that went away without a session (clean start) has lost its subscriptions.</li>
      <li>
        {retained
          ? 'The topic has a retained message: whoever subscribes gets that at once.'
          : 'Publish it retained, and whoever subscribes later gets it.'}
      </li>
    </ul>
  </div>
);
