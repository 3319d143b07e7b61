import type { ReceiversPage } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { search } from '../../data/api.ts';
import { useResource } from '../../data/use-resource.ts';
import { goTo } from '../../routing/use-route.ts';
import { Button, Card, Loading, Note, SelectField, TextField } from '../../ui/controls.tsx';
import { ClientIdField } from './client-id-field.tsx';
import { ReceiversView } from './receivers-view.tsx';

const QOS = [
  ['0', '0: at most once'],
  ['1', '1: at least once'],
  ['2', '2: exactly once'],
] as const;

type QosText = (typeof QOS)[number][0];

interface Asked {
  readonly topic: string;
  readonly qos: QosText;
  readonly publisher: string;
}

const readAsked = (query: Readonly<Record<string, string>>): Asked => ({
  topic: query.topic ?? '',
  qos: QOS.find(([id]) => id === query.qos)?.[0] ?? '1',
  publisher: query.publisher ?? '',
});

/** Rows of a page. */
const ROWS = 100;

/** Asks who would get a message. What is asked stands in the address. */
export function ReceiversForm({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const asked = readAsked(query);
  const key = JSON.stringify(asked);
  const [form, setForm] = useState(asked);
  const [cursors, setCursors] = useState<readonly string[]>([]);
  useEffect(() => {
    setForm(asked);
    setCursors([]);
  }, [key]);
  const path =
    asked.topic === ''
      ? null
      : `/receivers${search({ topic: asked.topic, qos: asked.qos, publisher: asked.publisher, limit: ROWS, cursor: cursors.at(-1) })}`;
  const { data, error, loading, reload } = useResource<ReceiversPage>(path);
  const submit = (): void => {
    if (JSON.stringify(form) === key) reload();
    else goTo(['clients'], { tab: 'receivers', ...form });
  };
  return (
    <div class="stack">
      <Card title="Where does a message go?">
        <AskedFields form={form} onChange={setForm} onSubmit={submit} />
      </Card>
      <div aria-live="polite">
        {loading && <Loading label="asking who would get it" />}
        {error !== undefined && <Note tone="bad">{error.message}</Note>}
        {data !== undefined && (
          <ReceiversView
            topic={asked.topic}
            page={data}
            onBack={cursors.length === 0 ? undefined : () => setCursors((before) => before.slice(0, -1))}
            onNext={(next) => setCursors((before) => [...before, next])}
          />
        )}
      </div>
    </div>
  );
}

interface AskedFieldsProps {
  readonly form: Asked;
  readonly onChange: (form: Asked) => void;
  readonly onSubmit: () => void;
}

function AskedFields({ form, onChange, onSubmit }: AskedFieldsProps) {
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <div class="fields">
        <TextField
          label="Topic"
          hint="That a message is published to: without wildcards."
          placeholder="plant/7/temperature"
          value={form.topic}
          mono
          required
          onInput={(topic) => onChange({ ...form, topic })}
        />
        <SelectField label="QoS" value={form.qos} options={QOS} onChange={(qos) => onChange({ ...form, qos })} />
        <ClientIdField
          label="Publisher (optional)"
          hint="Who wants nothing of its own (No Local) does not get it."
          value={form.publisher}
          onInput={(publisher) => onChange({ ...form, publisher })}
        />
      </div>
      <div>
        <Button kind="primary" type="submit" icon="search">
          Show who gets it
        </Button>
      </div>
    </form>
  );
}
