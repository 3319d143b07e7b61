import { type RetainHandling, topicFilterProblem } from '@cauldron/protocol';
import { useState } from 'preact/hooks';
import { Badge, Button, Card, Check, SelectField, TextField } from '../../ui/controls.tsx';
import { COLORS, type Color, nextColor } from './colors.ts';
import { QOS_OPTIONS } from './connection-fields.tsx';
import { type QosText, sentence } from './connection-form.ts';
import type { ListedSubscription, Workbench } from './workbench.ts';

/** What is subscribed to, in which colours; and more. */
export function SubscriptionsCard({ workbench }: { readonly workbench: Workbench }) {
  const { subscriptions } = workbench;
  const isConnected = workbench.connection.status === 'connected';
  return (
    <Card title="Subscriptions">
      <div class="stack">
        <SubscribeForm workbench={workbench} />
        {subscriptions.length === 0 ? (
          <p class="muted small">
            Messages come for the topics you subscribe to. <code>+</code> stands for one level, <code>#</code> at the
            end for all below.
          </p>
        ) : (
          <ul class="connect-subscriptions" aria-label="Subscriptions">
            {subscriptions.map((one) => (
              <Row key={one.id} one={one} workbench={workbench} isConnected={isConnected} />
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

const RETAINED: readonly (readonly [string, string])[] = [
  ['0', 'send them'],
  ['1', 'only if the subscription is new'],
  ['2', 'do not send them'],
];

function SubscribeForm({ workbench }: { readonly workbench: Workbench }) {
  const [filter, setFilter] = useState('');
  const [qos, setQos] = useState<QosText>('0');
  const [noLocal, setNoLocal] = useState(false);
  const [retainAsPublished, setRetainAsPublished] = useState(false);
  const [retainHandling, setRetainHandling] = useState('0');
  const [chosen, setChosen] = useState<Color | null>(null);
  const [error, setError] = useState<string>();
  const color = chosen ?? nextColor(workbench.subscriptions.map((one) => one.color));
  const submit = (event: Event): void => {
    event.preventDefault();
    const problem = filter === '' ? 'write a topic or a filter, such as workshop/#' : topicFilterProblem(filter);
    setError(problem === undefined ? undefined : sentence(problem));
    if (problem !== undefined) return;
    const options = { qos: Number(qos) as 0 | 1 | 2, noLocal, retainAsPublished };
    workbench.subscribe({ filter, color, ...options, retainHandling: Number(retainHandling) as RetainHandling });
    setFilter('');
    setChosen(null);
  };
  return (
    <form class="stack" onSubmit={submit}>
      <div class="connect-subscribe">
        <TextField
          label="Topic filter"
          value={filter}
          onInput={(text) => {
            setFilter(text);
            setError(undefined);
          }}
          error={error}
          placeholder="workshop/#"
          mono
        />
        <Button type="submit" kind="primary" icon="plus">
          Subscribe
        </Button>
      </div>
      <div class="connect-subscribe-more">
        <select
          class="input"
          aria-label="QoS"
          value={qos}
          onChange={(event) => setQos(event.currentTarget.value as QosText)}
        >
          {QOS_OPTIONS.map(([one, text]) => (
            <option key={one} value={one}>
              QoS {text}
            </option>
          ))}
        </select>
        <details class="connect-fold">
          <summary>
            Options <Swatch color={color} /> <span class="visually-hidden">of the subscription</span>
          </summary>
          <div class="stack">
            <Swatches label="Colour of its messages" color={color} onChange={setChosen} />
            <SelectField
              label="Retained messages (MQTT 5.0)"
              value={retainHandling}
              options={RETAINED}
              onChange={setRetainHandling}
            />
            <Check label="No local: not what I publish myself" checked={noLocal} onChange={setNoLocal} />
            <Check
              label="Keep the retain flag as it was published"
              checked={retainAsPublished}
              onChange={setRetainAsPublished}
            />
          </div>
        </details>
      </div>
    </form>
  );
}

interface RowProps {
  readonly one: ListedSubscription;
  readonly workbench: Workbench;
  readonly isConnected: boolean;
}

function Row({ one, workbench, isConnected }: RowProps) {
  return (
    <li class="connect-subscription" style={{ borderLeftColor: `var(${one.color})` }}>
      <div class="connect-subscription-text">
        <code>{one.filter}</code>
        <span class="button-row">
          <Granted one={one} isConnected={isConnected} />
          {one.noLocal && <Badge>no local</Badge>}
          {one.refusal !== undefined && <span class="field-error">{one.refusal}</span>}
        </span>
      </div>
      <select
        class="connect-color"
        aria-label={`Colour of ${one.filter}`}
        title="Colour"
        style={{ color: `var(${one.color})` }}
        value={one.color}
        onChange={(event) => workbench.recolor(one.id, event.currentTarget.value as Color)}
      >
        {COLORS.map(([color, name]) => (
          <option key={color} value={color} style={{ color: `var(${color})` }}>
            ● {name}
          </option>
        ))}
      </select>
      <Button
        small
        kind="quiet"
        icon="close"
        label={`Unsubscribe from ${one.filter}`}
        onClick={() => workbench.unsubscribe(one.id)}
      />
    </li>
  );
}

function Granted({ one, isConnected }: Omit<RowProps, 'workbench'>) {
  if (one.refusal !== undefined) return <Badge tone="bad">refused</Badge>;
  if (!isConnected) return <Badge>with the next connection</Badge>;
  if (one.granted === undefined) return <Badge>asking…</Badge>;
  if (one.granted === one.qos) return <Badge>QoS {one.granted}</Badge>;
  return (
    <Badge tone="warn">
      QoS {one.granted} granted, {one.qos} wanted
    </Badge>
  );
}

const Swatch = ({ color }: { readonly color: Color }) => (
  <span class="connect-swatch" style={{ background: `var(${color})` }} />
);

interface SwatchesProps {
  readonly label: string;
  readonly color: Color;
  readonly onChange: (color: Color) => void;
}

const Swatches = ({ label, color, onChange }: SwatchesProps) => (
  <fieldset class="connect-swatches">
    <legend class="field-label">{label}</legend>
    {COLORS.map(([one, name]) => (
      <label key={one} title={name}>
        <input type="radio" name="connect-color" checked={one === color} onChange={() => onChange(one)} />
        <Swatch color={one} />
        <span class="visually-hidden">{name}</span>
      </label>
    ))}
  </fieldset>
);
