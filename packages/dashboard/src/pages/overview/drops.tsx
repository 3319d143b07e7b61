import type { Overview } from '@cauldron/broker/admin-api';
import { wholeNumber } from '../../format/quantities.ts';
import { Card, Note } from '../../ui/controls.tsx';
import { Prose } from '../../ui/prose.tsx';
import { TableWrap } from '../../ui/table-wrap.tsx';
import { useNarrow } from '../../ui/use-media.ts';
import { type Drop, dropExplanations, sortedDrops } from './drop-reasons.ts';

/** Messages that did not reach a subscriber they matched, and why. */
export function Drops({ overview }: { readonly overview: Overview }) {
  const { happened, never } = sortedDrops(overview.drops);
  return (
    <Card title="Dropped messages">
      <div class="stack">
        {happened.length === 0 ? (
          <Note tone="good">Nothing was dropped since the start: every message reached everybody it was for.</Note>
        ) : (
          <DropTable drops={happened} />
        )}
        {never.length > 0 && (
          <details class="overview-never">
            <summary>
              {happened.length === 0 ? 'What can keep a message from a client' : 'What else can happen'}
            </summary>
            <DropTable drops={never} />
          </details>
        )}
      </div>
    </Card>
  );
}

interface DropsProps {
  readonly drops: readonly Drop[];
}

const DropTable = (props: DropsProps) => (useNarrow() ? <List {...props} /> : <Table {...props} />);

const List = ({ drops }: DropsProps) => (
  <ul class="overview-drop-list">
    {drops.map(({ reason, total, lastMinute }) => {
      const { title, why, advice } = dropExplanations[reason];
      return (
        <li key={reason}>
          <strong>{title}</strong>:{' '}
          <span class={lastMinute > 0 ? 'overview-now' : ''}>{wholeNumber(lastMinute)} in the last minute</span>,{' '}
          {wholeNumber(total)} since the start
          <div class="small">
            {why}{' '}
            <span class="muted">
              <Prose text={advice} />
            </span>
          </div>
        </li>
      );
    })}
  </ul>
);

const Table = ({ drops }: DropsProps) => (
  <TableWrap label="Dropped messages by reason">
    <table class="table overview-drops">
      <thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col" class="numeric">
            Last minute
          </th>
          <th scope="col" class="numeric">
            Since the start
          </th>
          <th scope="col">What it means, and what to do</th>
        </tr>
      </thead>
      <tbody>
        {drops.map(({ reason, total, lastMinute }) => {
          const { title, why, advice } = dropExplanations[reason];
          return (
            <tr key={reason}>
              <th scope="row">{title}</th>
              <td class={`numeric ${lastMinute > 0 ? 'overview-now' : ''}`}>{wholeNumber(lastMinute)}</td>
              <td class="numeric">{wholeNumber(total)}</td>
              <td>
                {why}{' '}
                <span class="muted">
                  <Prose text={advice} />
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  </TableWrap>
);
