import type { Client } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { bytes, perSecond, wholeNumber } from '../../format/quantities.ts';
import { Card, Facts } from '../../ui/controls.tsx';
import { LineChart } from '../../ui/line-chart.tsx';
import { useRates } from './use-rates.ts';

/** Seconds the chart goes back. */
const SHOWN = 120;
const SHORTEST = 20;

type Columns = [at: number[], received: (number | null)[], sent: (number | null)[]];

/** What a client sends and is sent, since its page was opened. */
export function ClientTraffic({ client }: { readonly client: Client }) {
  const columns = useColumns(client);
  const known = columns[0].at(-1)! - columns[0][0]!;
  const span = Math.min(SHOWN, Math.max(SHORTEST, Math.ceil(known / 10) * 10));
  return (
    <Card title="Traffic">
      <LineChart
        series={[
          { label: 'from it', color: '--series-1', fill: true },
          { label: 'to it', color: '--series-2' },
        ]}
        data={columns}
        height={150}
        window={span}
        format={perSecond}
        label="Messages a second from and to this client, since this page was opened"
      />
      <Facts
        rows={[
          ['From it', `${wholeNumber(client.received)} messages, ${bytes(client.bytesReceived)} in all`],
          ['To it', `${wholeNumber(client.sent)} messages, ${bytes(client.bytesSent)} in all`],
        ]}
      />
    </Card>
  );
}

/** A point a second. */
function useColumns(client: Client): Columns {
  const { rates, now } = useRates([client]);
  const points = useRef<readonly { at: number; received: number | null; sent: number | null }[]>([]);
  const [columns, setColumns] = useState<Columns>(() => [[Date.now() / 1000], [null], [null]]);
  useEffect(() => {
    const rate = rates.of(client.clientId);
    const point = { at: now / 1000, received: rate?.received ?? null, sent: rate?.sent ?? null };
    points.current = [...points.current, point].slice(-SHOWN - 1);
    const all = points.current;
    setColumns([all.map(({ at }) => at), all.map(({ received }) => received), all.map(({ sent }) => sent)]);
  }, [now]);
  return columns;
}
