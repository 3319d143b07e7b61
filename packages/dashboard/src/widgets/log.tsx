import type { FeedMessage, WidgetOf } from '@cauldron/broker/admin-api';
import { matchTopic } from '@cauldron/protocol';
import { useState } from 'preact/hooks';
import { useLiveEvents } from '../data/use-live.ts';
import { bytes, clockTime, wholeNumber } from '../format/quantities.ts';
import { Button } from '../ui/controls.tsx';
import { noMessage } from './reading.ts';
import { Missing } from './widget-parts.tsx';

interface Line extends FeedMessage {
  readonly key: number;
}

let lastKey = 0;

/** Messages as they come, the newest on top. */
export function LogWidget({ widget, name }: { readonly widget: WidgetOf<'log'>; readonly name: string }) {
  const { filter, lines } = widget;
  const [log, setLog] = useState<{ filter: string; lines: readonly Line[]; missed: number }>({
    filter,
    lines: [],
    missed: 0,
  });
  const [paused, setPaused] = useState(false);
  useLiveEvents('feed', filter === '' ? null : [filter], ({ messages, missed }) => {
    if (paused) return;
    // The stream carries what all widgets of the page ask for.
    const own = messages.filter(({ topic }) => matchTopic(filter, topic));
    const fresh = own.map((message) => ({ ...message, key: ++lastKey })).reverse();
    setLog((old) => ({
      filter,
      lines: [...fresh, ...(old.filter === filter ? old.lines : [])].slice(0, lines),
      missed: (old.filter === filter ? old.missed : 0) + missed,
    }));
  });
  // What all topics begin with stands in the filter, and would only push the rest aside.
  const common = filter.split(/[+#]/, 1)[0]!;
  const shown = log.filter === filter ? log.lines : [];
  if (shown.length === 0) return <Missing>{noMessage(filter)}</Missing>;
  return (
    <div class="log">
      <div class="log-head">
        <span>
          newest first{log.missed > 0 && `; ${wholeNumber(log.missed)} more came too fast to be shown`}
          {paused && '; paused'}
        </span>
        <Button
          small
          kind="quiet"
          icon={paused ? 'play' : 'pause'}
          label={paused ? 'Go on' : 'Pause'}
          onClick={() => setPaused(!paused)}
        />
      </div>
      <ul class="log-lines" tabIndex={0} aria-label={name}>
        {shown.map(({ key, at, topic, ...message }) => (
          <li key={key}>
            <time>{clockTime(at)}</time>{' '}
            <span class="log-topic" title={topic}>
              {topic.slice(common.length) || topic}
            </span>
            <span class="log-payload">{payloadLine(message)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function payloadLine({ payload, kind }: Pick<FeedMessage, 'payload' | 'kind'>): string {
  if (payload.size === 0) return '(empty)';
  if (payload.encoding === 'base64' || kind === 'image') return `(${kind}, ${bytes(payload.size)})`;
  return payload.truncated ? `${payload.data}…` : payload.data;
}
