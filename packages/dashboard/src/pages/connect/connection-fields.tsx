import { Check, SelectField, TextField } from '../../ui/controls.tsx';
import type { ConnectionForm, FormErrors, QosText, WillForm } from './connection-form.ts';
import { PairsField } from './pairs-field.tsx';

export interface FieldsProps {
  readonly form: ConnectionForm;
  readonly errors: FormErrors;
  readonly onChange: (change: Partial<ConnectionForm>) => void;
}

export const QOS_OPTIONS: readonly (readonly [QosText, string])[] = [
  ['0', '0 – at most once'],
  ['1', '1 – at least once'],
  ['2', '2 – exactly once'],
];

/** Where to, and as whom. */
export const MainFields = ({ form, errors, onChange }: FieldsProps) => (
  <div class="connect-main-fields">
    <TextField
      label="Broker"
      mono
      value={form.url}
      onInput={(url) => onChange({ url })}
      error={errors.url}
      placeholder="wss://broker.example.org/mqtt"
    />
    <TextField
      label="Client identifier"
      value={form.clientId}
      onInput={(clientId) => onChange({ clientId })}
      placeholder="made up for you"
    />
    <TextField
      label="User name"
      value={form.username}
      onInput={(username) => onChange({ username })}
      placeholder="none"
      autocomplete="username"
    />
    <TextField
      label="Password"
      type="password"
      value={form.password}
      onInput={(password) => onChange({ password })}
      placeholder="none"
      autocomplete="current-password"
    />
  </div>
);

/** Version, session and keep alive. */
export const SessionFields = ({ form, errors, onChange }: FieldsProps) => (
  <div class="stack">
    <div class="fields">
      <SelectField
        label="MQTT version"
        value={form.version}
        options={[
          ['auto', 'automatic'],
          ['5', '5.0'],
          ['4', '3.1.1'],
        ]}
        onChange={(version) => onChange({ version })}
        hint="Automatic: 5.0, and 3.1.1 where the broker knows no better"
      />
      <TextField
        label="Keep alive"
        value={form.keepAlive}
        onInput={(keepAlive) => onChange({ keepAlive })}
        error={errors.keepAlive}
        hint="Seconds; a broker that hears nothing for so long takes the client for gone"
      />
      <TextField
        label="Session expiry"
        value={form.sessionExpiry}
        onInput={(sessionExpiry) => onChange({ sessionExpiry })}
        error={errors.sessionExpiry}
        placeholder="at once"
        hint="Seconds that the broker keeps the session, and messages for it, after you disconnect (MQTT 5.0)"
      />
    </div>
    <div class="connect-checks">
      <Check
        label="Clean start: forget a session that the broker still has"
        checked={form.cleanStart}
        onChange={(cleanStart) => onChange({ cleanStart })}
      />
      <Check
        label="Connect again by itself when the connection is lost"
        checked={form.reconnect}
        onChange={(reconnect) => onChange({ reconnect })}
      />
    </div>
    <PairsField
      label="User properties (MQTT 5.0)"
      pairs={form.userProperties}
      onChange={(userProperties) => onChange({ userProperties })}
    />
  </div>
);

/** What the broker publishes when this client is gone without a goodbye. */
export function WillFields({ form, errors, onChange }: FieldsProps) {
  const { will } = form;
  const put = (change: Partial<WillForm>): void => onChange({ will: { ...will, ...change } });
  return (
    <div class="stack">
      <Check
        label="When this client is gone without saying goodbye, the broker publishes a message for it"
        checked={will.enabled}
        onChange={(enabled) => put({ enabled })}
      />
      {will.enabled && (
        <>
          <div class="fields">
            <TextField
              label="Will topic"
              value={will.topic}
              onInput={(topic) => put({ topic })}
              error={errors.willTopic}
              placeholder="workshop/me/status"
              mono
            />
            <TextField
              label="Will payload"
              value={will.payload}
              onInput={(payload) => put({ payload })}
              placeholder="offline"
              mono
            />
            <SelectField label="Will QoS" value={will.qos} options={QOS_OPTIONS} onChange={(qos) => put({ qos })} />
            <TextField
              label="Will delay"
              value={will.delay}
              onInput={(delay) => put({ delay })}
              error={errors.willDelay}
              placeholder="none"
              hint="Seconds the broker waits for you to come back (MQTT 5.0)"
            />
          </div>
          <Check label="Retain the will" checked={will.retain} onChange={(retain) => put({ retain })} />
        </>
      )}
    </div>
  );
}
