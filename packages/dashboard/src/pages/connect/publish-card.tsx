import { ReasonCode } from '@cauldron/protocol';
import { useState } from 'preact/hooks';
import { milliseconds } from '../../format/quantities.ts';
import { Button, Card, Check, SelectField, TextField } from '../../ui/controls.tsx';
import { QOS_OPTIONS } from './connection-fields.tsx';
import { sentence } from './connection-form.ts';
import { PairsField } from './pairs-field.tsx';
import { type PublishErrors, type PublishForm, type ReadyToPublish, readPublish } from './publish-form.ts';
import type { Workbench } from './workbench.ts';

export interface PublishCardProps {
  readonly workbench: Workbench;
  readonly form: PublishForm;
  readonly onForm: (form: PublishForm) => void;
}

interface Outcome {
  readonly good: boolean;
  readonly text: string;
}

/** Publishes a message, and says what became of it. */
export function PublishCard({ workbench, form, onForm }: PublishCardProps) {
  const [errors, setErrors] = useState<PublishErrors>({});
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const isConnected = workbench.connection.status === 'connected';
  const change = (part: Partial<PublishForm>): void => {
    setErrors({});
    onForm({ ...form, ...part });
  };
  const publish = (): void => {
    const ready = readPublish(form);
    if ('errors' in ready) setErrors(ready.errors);
    else void publishNow(workbench, ready).then(setOutcome);
  };
  const deletes = form.retain && form.payload === '';
  return (
    <Card title="Publish">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isConnected) publish();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && isConnected) publish();
        }}
      >
        <TextField
          label="Topic"
          value={form.topic}
          onInput={(topic) => change({ topic })}
          error={errors.topic}
          placeholder="workshop/hello"
          mono
        />
        <TextField
          label={form.as === 'hex' ? 'Payload, as hexadecimal bytes' : 'Payload'}
          value={form.payload}
          onInput={(payload) => change({ payload })}
          error={errors.payload}
          placeholder={form.as === 'hex' ? '0a ff 00' : 'hello'}
          lines={3}
        />
        <div class="connect-publish-row">
          <SelectField label="QoS" value={form.qos} options={QOS_OPTIONS} onChange={(qos) => change({ qos })} />
          <Check label="Retain" checked={form.retain} onChange={(retain) => change({ retain })} />
        </div>
        <MoreFields form={form} errors={errors} onChange={change} />
        <div class="button-row">
          <Button type="submit" kind="primary" icon="send" disabled={!isConnected}>
            Publish
          </Button>
          <span role="status" class={outcome?.good === false ? 'field-error' : 'muted small'}>
            {!isConnected
              ? 'Connect first.'
              : deletes
                ? 'An empty retained message deletes the one the broker keeps.'
                : (outcome?.text ?? 'Ctrl+Enter publishes, too.')}
          </span>
        </div>
      </form>
    </Card>
  );
}

async function publishNow(workbench: Workbench, { topic, payload, options }: ReadyToPublish): Promise<Outcome> {
  const began = performance.now();
  try {
    const { reasonCode } = await workbench.publish(topic, payload, options);
    const took = milliseconds(performance.now() - began);
    if (reasonCode === ReasonCode.noMatchingSubscribers) {
      return { good: true, text: `Published; nobody is subscribed to it (acknowledged after ${took}).` };
    }
    return { good: true, text: options.qos === 0 ? 'Published.' : `Published; acknowledged after ${took}.` };
  } catch (error) {
    return { good: false, text: sentence((error as Error).message) };
  }
}

interface MoreFieldsProps {
  readonly form: PublishForm;
  readonly errors: PublishErrors;
  readonly onChange: (part: Partial<PublishForm>) => void;
}

const MoreFields = ({ form, errors, onChange }: MoreFieldsProps) => (
  <details class="connect-fold" open={(errors.expiry ?? errors.responseTopic) !== undefined}>
    <summary>
      Bytes and properties <span class="muted small">expiry, content type, response topic…</span>
    </summary>
    <div class="stack">
      <div class="fields">
        <SelectField
          label="Payload written as"
          value={form.as}
          options={[
            ['text', 'text'],
            ['hex', 'hexadecimal bytes'],
          ]}
          onChange={(as) => onChange({ as })}
        />
        <TextField
          label="Message expiry"
          value={form.expiry}
          onInput={(expiry) => onChange({ expiry })}
          error={errors.expiry}
          placeholder="never"
          hint="Seconds"
        />
        <TextField
          label="Content type"
          value={form.contentType}
          onInput={(contentType) => onChange({ contentType })}
          placeholder="application/json"
        />
        <TextField
          label="Response topic"
          value={form.responseTopic}
          onInput={(responseTopic) => onChange({ responseTopic })}
          error={errors.responseTopic}
          mono
        />
        <TextField
          label="Correlation data"
          value={form.correlationData}
          onInput={(correlationData) => onChange({ correlationData })}
        />
      </div>
      <PairsField
        label="User properties"
        pairs={form.userProperties}
        onChange={(userProperties) => onChange({ userProperties })}
      />
      <p class="muted small">Properties are part of MQTT 5.0; with 3.1.1 they are left out.</p>
    </div>
  </details>
);
