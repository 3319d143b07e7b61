import type { Client, Payload } from '@cauldron/broker/admin-api';
import { bytes, duration } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { Badge, Card, Facts } from '../../ui/controls.tsx';

/** What is published for a client when its connection breaks. */
export const WillCard = ({ will }: { readonly will: Client['will'] }) => (
  <Card title="Will">
    {will === null ? (
      <span class="muted">It has none: nobody is told when its connection breaks.</span>
    ) : (
      <Facts
        rows={[
          [
            'Topic',
            <a key="topic" class="mono" href={routeTo(['topics'], { topic: will.topic })}>
              {will.topic}
            </a>,
          ],
          ['Payload', <WillPayload key="payload" payload={will.payload} />],
          [
            'QoS',
            <span key="qos" class="button-row">
              {will.qos} {will.retain && <Badge tone="accent">retained</Badge>}
            </span>,
          ],
          [
            'Published',
            will.delay === 0
              ? 'at once when its connection breaks'
              : `${duration(will.delay)} after its connection broke`,
          ],
        ]}
      />
    )}
  </Card>
);

function WillPayload({ payload: { encoding, data, size, truncated } }: { readonly payload: Payload }) {
  if (size === 0) return <span class="muted">empty</span>;
  return (
    <>
      <pre class="clients-payload">{encoding === 'utf8' ? data : `base64: ${data}`}</pre>
      {(truncated || encoding === 'base64') && (
        <span class="muted small">
          {bytes(size)}
          {truncated && ', of which the beginning is shown'}
        </span>
      )}
    </>
  );
}
