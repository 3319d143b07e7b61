import type { ListenerInfo, Overview } from '@cauldron/broker/admin-api';
import { bytes, dateTime, duration, milliseconds, plural, wholeNumber } from '../../format/quantities.ts';
import { Badge, Card, Empty, Facts, Note, type Tone } from '../../ui/controls.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';

/** Where clients connect to. */
export const Listeners = ({ listeners }: { readonly listeners: readonly ListenerInfo[] }) => (
  <Card title="Listeners">
    {listeners.length === 0 ? (
      <Empty>The broker listens nowhere: only the program it runs in can use it.</Empty>
    ) : (
      <ul class="overview-listeners">
        {listeners.map(({ name, url, connections, tls, webSocket }) => (
          <li key={url}>
            <div class="overview-listener">
              <code>{url}</code>
              <span class="muted small">
                {/:\d+$/.test(name) ? '' : `${name}, `}
                {plural(connections, 'connection')}
                {tls && <Badge tone="good">TLS</Badge>}
                {webSocket && <Badge tone="info">WebSocket</Badge>}
              </span>
            </div>
            <CopyButton text={url} label={`Copy ${url}`} />
          </li>
        ))}
      </ul>
    )}
  </Card>
);

const PRESSURE: Readonly<Record<Overview['memory']['pressure'], readonly [Tone, string]>> = {
  none: ['good', 'enough'],
  high: ['warn', 'short'],
  critical: ['bad', 'very short'],
};

/** The process, and what it did since its start. */
export function Server({ overview }: { readonly overview: Overview }) {
  const { version, node, pid, startedAt, now, memory, totals, current } = overview;
  const [tone, said] = PRESSURE[memory.pressure];
  return (
    <Card title="Broker">
      <Facts
        rows={[
          ['Version', `Cauldron ${version}, Node ${node.replace(/^v/, '')}, process ${pid}`],
          ['Running for', `${duration((now - startedAt) / 1000)}, since ${dateTime(startedAt)}`],
          [
            'Memory',
            <>
              {bytes(memory.resident)} {memory.limit !== null && `of ${bytes(memory.limit)} it may use`}{' '}
              <Badge tone={tone}>{said}</Badge>
            </>,
          ],
          ['Processor', `${Math.round(current.cpu * 100)} % of one core`],
          [
            'Connections',
            `${wholeNumber(totals.connectionsAccepted)} accepted, ${wholeNumber(totals.connectionsRefused)} refused`,
          ],
          ['Protocol errors', wholeNumber(totals.protocolErrors)],
        ]}
      />
    </Card>
  );
}

const STATE: Readonly<Record<NonNullable<Overview['store']>['state'], readonly [Tone, string]>> = {
  ok: ['good', 'works'],
  full: ['bad', 'the disk is full'],
  failing: ['bad', 'writing fails'],
};

/** Where sessions, their messages and retained messages are kept. */
export function Store({ overview: { store } }: { readonly overview: Overview }) {
  if (store === null) {
    return (
      <Card title="Store">
        <Note>
          Everything is kept in memory: sessions and retained messages are gone when the broker stops. Start it with{' '}
          <code class="overview-flag">--data FOLDER</code> and they stay.
        </Note>
      </Card>
    );
  }
  const [tone, said] = STATE[store.state];
  return (
    <Card title="Store" actions={<Badge tone={tone}>{said}</Badge>}>
      <Facts
        rows={[
          ['Folder', <code key="folder">{store.folder}</code>],
          ['Commits', wholeNumber(store.commits)],
          ['Half of them within', milliseconds(store.commitP50)],
          ['99 % within', milliseconds(store.commitP99)],
          ['Longest', milliseconds(store.commitMax)],
        ]}
      />
    </Card>
  );
}
