import type { ClientEvent, Page } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { search } from '../../data/api.ts';
import { useResource } from '../../data/use-resource.ts';
import { Button, Card, Empty, Loading, Note } from '../../ui/controls.tsx';
import { useNow } from '../../ui/use-now.ts';
import { Timeline } from './timeline.tsx';

const KINDS = 'refused,denied,banned';
/** Milliseconds until the newest are asked for again. */
const AGAIN = 3000;
const ROWS = 50;

/** Who was not let in, and who was not allowed what, the newest first. */
export function Refusals() {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const path = `/events${search({ kind: KINDS, limit: ROWS, cursor: cursors.at(-1) })}`;
  const { data, error, reload } = useResource<Page<ClientEvent>>(path);
  const now = useNow();
  const newest = cursors.length === 0;
  useEffect(() => {
    if (!newest) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, AGAIN);
    return () => clearInterval(timer);
  }, [newest]);
  if (error !== undefined && data === undefined) return <Note tone="bad">{error.message}</Note>;
  if (data === undefined) return <Loading label="asking who was refused" />;
  const { items, next } = data;
  if (items.length === 0) {
    return (
      <Card>
        <Empty icon="check">
          Nobody was refused since the broker started. A login with a wrong password, or a topic that no rule allows,
          would show here.
        </Empty>
      </Card>
    );
  }
  return (
    <Card title="Refused and not allowed">
      <div class="stack">
        <Timeline events={items} now={now} withClients />
        {(next !== null || !newest) && (
          <div class="clients-pager">
            <Button small disabled={newest} onClick={() => setCursors((before) => before.slice(0, -1))}>
              Newer
            </Button>
            <Button
              small
              disabled={next === null}
              onClick={() => next !== null && setCursors((before) => [...before, next])}
            >
              Older
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}
