import { useState } from 'preact/hooks';
import { age, clockTime } from '../../../format/quantities.ts';
import { Button } from '../../../ui/controls.tsx';
import type { Seen } from './values-seen.ts';

/** Messages listed at first. */
const FEW = 5;

export interface SeenListProps {
  /** Newest first. */
  readonly messages: readonly Seen[];
  /** The one that the newest is compared with. */
  readonly base: number | undefined;
  readonly now: number;
  /** Compares with another one; null = nothing is compared. */
  readonly onBase: ((id: number) => void) | null;
}

/** What came while the topic was looked at. */
export function SeenList({ messages, base, now, onBase }: SeenListProps) {
  const [isLong, setLong] = useState(false);
  const shown = isLong ? messages : messages.slice(0, FEW);
  return (
    <section class="stack topics-seen" aria-label="What came while you looked">
      <h3>Came while you looked</h3>
      <ol>
        {shown.map(({ id, value, at }, index) => (
          <li key={id}>
            <span class="muted" title={age(at, now)}>
              {clockTime(at)}
            </span>
            <span class="truncate mono">{lineOf(value)}</span>
            {onBase !== null && index > 0 && (
              <Button small kind="quiet" pressed={id === base} onClick={() => onBase(id)}>
                Compare
              </Button>
            )}
          </li>
        ))}
      </ol>
      {messages.length > FEW && (
        <div>
          <Button small onClick={() => setLong(!isLong)}>
            {isLong ? 'Show fewer' : `Show all ${messages.length}`}
          </Button>
        </div>
      )}
    </section>
  );
}

const lineOf = ({ payload, kind }: Seen['value']): string => {
  if (payload.size === 0) return '(empty)';
  return payload.encoding === 'base64' ? `${kind}, ${payload.size} bytes` : payload.data.slice(0, 200);
};
