import type { TopicValue } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { useId, useMemo, useState } from 'preact/hooks';
import { clockTime, bytes as readableBytes } from '../../../format/quantities.ts';
import { Button, Note, Tabs } from '../../../ui/controls.tsx';
import { numberFrom } from '../../../values/json-path.ts';
import { parseJson, rootNode } from '../../../values/json-tree.ts';
import { payloadBytes, payloadText } from '../../../values/payload-bytes.ts';
import { HexView } from './hex-view.tsx';
import { ImageView, imageTypeOf } from './image-view.tsx';
import { JsonView } from './json-view.tsx';
import { NumberView } from './number-view.tsx';
import type { Seen, SeenValues } from './values-seen.ts';

/** How a payload is shown. */
export type Look = 'number' | 'json' | 'image' | 'text' | 'hex';

const LOOK_NAMES: Readonly<Record<Look, string>> = {
  number: 'Number',
  json: 'JSON',
  image: 'Image',
  text: 'Text',
  hex: 'Hex',
};

/** Characters of a text that are shown. */
const MOST_TEXT = 100_000;
/** Characters of JSON up to which it is compared with the message before. */
const MOST_COMPARED = 500_000;

export interface PayloadViewProps {
  readonly value: TopicValue;
  readonly seen: SeenValues;
  /** The message it is compared with. */
  readonly base: Seen | undefined;
  readonly onChart: (path: string) => void;
}

/** The payload of a message, as what it is, or as somebody wants to see it. */
export function PayloadView({ value, seen, base, onChart }: PayloadViewProps) {
  const panel = useId();
  const [chosen, choose] = useState<Look>();
  const { payload } = value;
  const text = useMemo(() => payloadText(payload), [payload.data, payload.encoding]);
  const json = useMemo(
    () => (payload.encoding === 'utf8' && !payload.truncated ? parseJson(text) : undefined),
    [text, payload.truncated],
  );
  const image = imageTypeOf(value);
  const looks: Look[] = [
    ...(numberFrom(text, '') === undefined ? [] : (['number'] as const)),
    ...(json === undefined ? [] : (['json'] as const)),
    ...(image === null ? [] : (['image'] as const)),
    'text',
    'hex',
  ];
  const look = chosen !== undefined && looks.includes(chosen) ? chosen : usual(value, looks);
  const tabs = looks.map((one) => [one, LOOK_NAMES[one]] as const);
  return (
    <div class="stack">
      <Tabs label="Show the payload as" selected={look} tabs={tabs} onSelect={choose} />
      <div role="tabpanel" id={panel} aria-label={`Payload as ${LOOK_NAMES[look]}`} class="topics-payload">
        {payload.truncated && look !== 'image' && (
          <Note>
            Only the first {readableBytes(payloadBytes(payload).length)} of {readableBytes(payload.size)} are here.
          </Note>
        )}
        {look === 'number' && <NumberView text={text} samples={seen.samples} />}
        {look === 'json' && json !== undefined && (
          <ComparedJson text={text} json={json} base={base} onChart={onChart} />
        )}
        {look === 'image' && image !== null && <ImageView value={value} type={image} />}
        {look === 'text' && <TextView text={text} value={value} />}
        {look === 'hex' && <Hex value={value} />}
      </div>
    </div>
  );
}

/** What fits a message best. */
function usual({ kind, payload }: TopicValue, looks: readonly Look[]): Look {
  const wanted: Look =
    kind === 'number'
      ? 'number'
      : kind === 'json'
        ? 'json'
        : kind === 'image'
          ? 'image'
          : kind === 'binary'
            ? 'hex'
            : 'text';
  if (looks.includes(wanted) && wanted !== 'text') return wanted;
  if (looks.includes('image')) return 'image';
  return payload.encoding === 'utf8' ? 'text' : 'hex';
}

interface ComparedJsonProps {
  readonly text: string;
  readonly json: { readonly value: unknown };
  readonly base: Seen | undefined;
  readonly onChart: (path: string) => void;
}

function ComparedJson({ text, json, base, onChart }: ComparedJsonProps) {
  const [isComparing, setComparing] = useState(true);
  const other = base?.value.payload;
  const before = useMemo(() => {
    if (other === undefined || other.encoding !== 'utf8' || other.truncated) return undefined;
    return other.data.length + text.length > MOST_COMPARED ? undefined : parseJson(other.data);
  }, [other, text]);
  const compares = isComparing && before !== undefined;
  const root = useMemo(() => rootNode(json.value, compares ? before : undefined), [json, before, compares]);
  return (
    <div class="stack">
      {before !== undefined && base !== undefined && (
        <div>
          <Button small pressed={isComparing} onClick={() => setComparing(!isComparing)}>
            Compare with {clockTime(base.at)}
          </Button>
        </div>
      )}
      <JsonView root={root} isCompared={compares} onChart={onChart} />
    </div>
  );
}

function TextView({ text, value }: { readonly text: string; readonly value: TopicValue }): ComponentChildren {
  if (value.payload.size === 0) {
    return <p class="muted">The message has no payload: it is empty.</p>;
  }
  return (
    <>
      {value.payload.encoding === 'base64' && (
        <Note>This is no text: what is shown as � are bytes that stand for no character. Look at it as Hex.</Note>
      )}
      <pre class="topics-text">{text.slice(0, MOST_TEXT)}</pre>
      {text.length > MOST_TEXT && <p class="muted small">… and {text.length - MOST_TEXT} more characters</p>}
    </>
  );
}

function Hex({ value: { payload } }: { readonly value: TopicValue }) {
  const bytes = useMemo(() => payloadBytes(payload), [payload.data, payload.encoding]);
  return bytes.length === 0 ? <p class="muted">There are no bytes.</p> : <HexView bytes={bytes} />;
}
