import type { Client } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { age, bytes, dateTime, wholeNumber } from '../../format/quantities.ts';
import { Badge, Card, Facts } from '../../ui/controls.tsx';
import { protocolName, UserName } from './client-bits.tsx';
import { endingOf } from './session-ending.ts';

interface FactsProps {
  readonly client: Client;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Rows = (readonly [string, ComponentChildren])[];

/** A moment, as both are asked for: how long ago, and when. */
const Moment = ({ at, now }: { readonly at: number; readonly now: number }) => (
  <>
    {age(at, now)} <span class="muted small">({dateTime(at)})</span>
  </>
);

const names = (all: readonly string[]): ComponentChildren =>
  all.length === 0 ? 'none' : all.map((one) => <Badge key={one}>{one}</Badge>);

/** How it is connected, or was last. */
export function ConnectionCard({ client, now }: FactsProps) {
  const here = client.state === 'connected';
  const known: Rows = [
    ['Address', client.address],
    ['Listener', client.listener],
    ['Protocol', protocolName(client)],
    ['Keep alive', client.keepAlive === 0 ? 'off: a dead connection may go unnoticed' : `${client.keepAlive} s`],
    ...(client.cleanStart === null
      ? []
      : [['Began', client.cleanStart ? 'anew (clean start)' : 'with the session it had, if any'] as const]),
  ];
  return (
    <Card title={here ? 'Connection' : 'Last connection'}>
      <Facts
        rows={[
          ['User', <UserName key="user" row={client} />],
          [
            'Roles',
            <span key="roles" class="button-row">
              {names(client.roles)}
            </span>,
          ],
          [
            'Groups',
            <span key="groups" class="button-row">
              {names(client.groups)}
            </span>,
          ],
          ...(client.protocol === null
            ? ([['Connection', 'It has not been here since the broker started.']] as const)
            : known.filter(([, value]) => value !== null)),
          ...(client.connectedAt === null
            ? []
            : ([['Connected', <Moment key="at" at={client.connectedAt} now={now} />]] as const)),
          ...(client.lastSeenAt === null
            ? []
            : ([['Last heard of', <Moment key="at" at={client.lastSeenAt} now={now} />]] as const)),
        ]}
      />
    </Card>
  );
}

/** What the broker keeps for it. */
export function SessionCard({ client, now }: FactsProps) {
  return (
    <Card title="Session">
      <Facts
        rows={[
          ['Ends', endingOf(client, now)],
          [
            'Kept',
            client.durable ? 'on the disk: it outlives the broker' : 'in memory: it is gone when the broker stops',
          ],
          ['Queued', `${wholeNumber(client.queued)} (${bytes(client.queuedBytes)})`],
          [
            'In flight',
            client.receiveMaximum === null
              ? wholeNumber(client.inflight)
              : `${wholeNumber(client.inflight)} of at most ${wholeNumber(client.receiveMaximum)}`,
          ],
          [
            'Dropped',
            client.dropped === 0 ? (
              'nothing'
            ) : (
              <span key="dropped" class="clients-dropped">
                {wholeNumber(client.dropped)} that it did not get
              </span>
            ),
          ],
        ]}
      />
    </Card>
  );
}
