import { useState } from 'preact/hooks';
import { bytes, dateTime, plural } from '../../format/quantities.ts';
import { Button, Facts, Tabs } from '../../ui/controls.tsx';
import { toast } from '../../ui/toasts.tsx';
import type { LogEntry } from './message-log.ts';
import { hexDump, hexOf, prettyJson, textOf } from './payload.ts';

type View = 'text' | 'json' | 'hex';

export interface MessageDetailProps {
  readonly entry: LogEntry;
  readonly onClose: () => void;
  readonly onTake: () => void;
}

/** One message whole. */
export function MessageDetail({ entry, onClose, onTake }: MessageDetailProps) {
  const text = textOf(entry.payload);
  const json = text === null ? null : prettyJson(text);
  const views: [View, string][] = [['hex', 'Hex']];
  if (text !== null) views.unshift(['text', 'Text']);
  if (json !== null) views.unshift(['json', 'JSON']);
  const [chosen, setChosen] = useState<View>('json');
  const view = views.some(([one]) => one === chosen) ? chosen : views[0]![0];
  const shown = view === 'json' ? json! : view === 'text' ? text! : hexDump(entry.payload);
  return (
    <section class="connect-detail" aria-label={`Message on ${entry.topic}`}>
      <div class="connect-detail-head">
        <h3 class="mono truncate" title={entry.topic}>
          {entry.topic}
        </h3>
        <Button small kind="quiet" icon="copy" label="Copy topic" onClick={() => copy(entry.topic, 'topic')} />
        <span class="connect-detail-actions">
          <Button small icon="copy" onClick={() => copy(view === 'hex' ? hexOf(entry.payload) : shown, 'payload')}>
            Copy payload
          </Button>
          <Button small icon="send" title="Puts topic and payload into the form" onClick={onTake}>
            Edit and publish
          </Button>
          <Button small kind="quiet" icon="close" label="Close the message" onClick={onClose} />
        </span>
      </div>
      <div class="connect-detail-body">
        <div class="connect-detail-payload">
          <Tabs label="Payload as" selected={view} tabs={views} onSelect={setChosen} />
          <pre role="tabpanel" aria-label="Payload" tabIndex={0} class={view === 'hex' ? 'connect-hex' : ''}>
            {entry.payload.length === 0 ? <em class="muted">empty payload</em> : shown}
          </pre>
        </div>
        <Facts rows={facts(entry)} />
      </div>
    </section>
  );
}

function facts({ at, payload, qos, retain, dup, properties = {} }: LogEntry): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ['Received', dateTime(at)],
    ['Size', payload.length < 1024 ? plural(payload.length, 'byte') : bytes(payload.length)],
    ['QoS', String(qos)],
    ['Retained', retain ? 'yes: the broker had kept it' : 'no'],
  ];
  if (dup) rows.push(['Duplicate', 'it may have come before']);
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperties = [] } = properties;
  if (contentType !== undefined) rows.push(['Content type', contentType]);
  if (responseTopic !== undefined) rows.push(['Response topic', responseTopic]);
  if (correlationData !== undefined) rows.push(['Correlation data', textOf(correlationData) ?? hexOf(correlationData)]);
  if (messageExpiryInterval !== undefined) rows.push(['Expires in', plural(messageExpiryInterval, 'second')]);
  for (const [name, value] of userProperties) rows.push([name, value]);
  return rows;
}

function copy(text: string, what: string): void {
  // Pages that came over plain http from another machine have no clipboard.
  const written = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error());
  written.then(
    () => toast(`Copied the ${what}.`, { tone: 'good' }),
    () => toast(`The browser does not let this page copy; mark the ${what} and copy it yourself.`, { tone: 'bad' }),
  );
}
