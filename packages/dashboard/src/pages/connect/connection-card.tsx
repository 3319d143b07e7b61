import { useState } from 'preact/hooks';
import { Badge, Button, Card, Dot, Note, type Tone } from '../../ui/controls.tsx';
import { MainFields, SessionFields, WillFields } from './connection-fields.tsx';
import { type ConnectionForm, type FormErrors, keepForm, readForm } from './connection-form.ts';
import type { Ending } from './ending.ts';
import type { Connection, Workbench } from './workbench.ts';

export interface ConnectionCardProps {
  readonly workbench: Workbench;
  readonly form: ConnectionForm;
  readonly onForm: (form: ConnectionForm) => void;
}

/** Connects with what was filled in; answers what is wrong with it. */
export function connectWith(workbench: Workbench, form: ConnectionForm): FormErrors {
  const read = readForm(form, location.protocol === 'https:');
  if ('errors' in read) return read.errors;
  keepForm(localStorage, form);
  void workbench.connect(read.url, read.options);
  return {};
}

/** Where to connect, how it stands, and why it ended. */
export function ConnectionCard({ workbench, form, onForm }: ConnectionCardProps) {
  const [errors, setErrors] = useState<FormErrors>({});
  const { connection } = workbench;
  if (connection.status === 'connected' || connection.status === 'waiting') {
    return <Connected workbench={workbench} connection={connection} hasWill={form.will.enabled} />;
  }
  const isConnecting = connection.status === 'connecting';
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isConnecting) workbench.disconnect();
    else setErrors(connectWith(workbench, form));
  };
  const change = (part: Partial<ConnectionForm>): void => {
    setErrors({});
    onForm({ ...form, ...part });
  };
  const fields = { form, errors, onChange: change };
  const isSessionWrong = (errors.keepAlive ?? errors.sessionExpiry) !== undefined;
  const isWillWrong = (errors.willTopic ?? errors.willDelay) !== undefined;
  return (
    <Card>
      <form class="stack" onSubmit={submit}>
        {connection.status === 'idle' && connection.ending !== undefined && <EndingNote ending={connection.ending} />}
        <MainFields {...fields} />
        <details class="connect-fold" open={isSessionWrong}>
          <summary>
            Session and protocol <span class="muted small">{sessionSummary(form)}</span>
          </summary>
          <SessionFields {...fields} />
        </details>
        <details class="connect-fold" open={isWillWrong}>
          <summary>
            Last will <span class="muted small">{form.will.enabled ? `on ${form.will.topic}` : 'none'}</span>
          </summary>
          <WillFields {...fields} />
        </details>
        <div class="button-row">
          <Button type="submit" kind={isConnecting ? 'normal' : 'primary'} icon={isConnecting ? 'close' : 'connect'}>
            {isConnecting ? 'Cancel' : 'Connect'}
          </Button>
          <span role="status" class="muted small">
            {isConnecting ? 'Connecting…' : 'Everything but the password is remembered in this browser.'}
          </span>
        </div>
      </form>
    </Card>
  );
}

function sessionSummary({ version, keepAlive, cleanStart, sessionExpiry }: ConnectionForm): string {
  const parts = [version === 'auto' ? 'version automatic' : `MQTT ${version === '5' ? '5.0' : '3.1.1'}`];
  parts.push(cleanStart ? 'clean start' : 'session goes on', `keep alive ${keepAlive || '60'} s`);
  if (sessionExpiry !== '') parts.push(`session kept for ${sessionExpiry} s`);
  return parts.join(', ');
}

const EndingNote = ({ ending, tone = 'bad' }: { readonly ending: Ending; readonly tone?: Tone }) => (
  <Note tone={tone}>
    <strong>{ending.title}.</strong> {ending.text} {ending.advice}
  </Note>
);

interface ConnectedProps {
  readonly workbench: Workbench;
  readonly connection: Extract<Connection, { readonly status: 'connected' | 'waiting' }>;
  readonly hasWill: boolean;
}

function Connected({ workbench, connection, hasWill }: ConnectedProps) {
  const isConnected = connection.status === 'connected';
  return (
    <Card>
      <div class="stack">
        <div class="connect-bar">
          <Dot tone={isConnected ? 'good' : 'warn'} />
          {isConnected ? <Where connection={connection} /> : <span role="status">Connecting again…</span>}
          <div class="button-row connect-bar-actions">
            {isConnected && (
              <Button
                title={
                  hasWill
                    ? 'Breaks the connection off without a goodbye, as when the plug is pulled: the broker publishes the will'
                    : 'Breaks the connection off without a goodbye, as when the plug is pulled. There is no will: set one before connecting'
                }
                onClick={() => workbench.disconnect(true)}
              >
                Pull the plug
              </Button>
            )}
            <Button onClick={() => workbench.disconnect()}>{isConnected ? 'Disconnect' : 'Give up'}</Button>
          </div>
        </div>
        {!isConnected && <EndingNote ending={connection.ending} tone="warn" />}
      </div>
    </Card>
  );
}

const Where = ({ connection }: { readonly connection: Extract<Connection, { readonly status: 'connected' }> }) => (
  <span class="connect-where" role="status">
    <span>
      Connected to <strong class="mono">{withoutLogin(connection.url)}</strong> as{' '}
      <strong class="mono">{connection.clientId}</strong>
    </span>
    <span class="button-row">
      <Badge>MQTT {connection.protocolVersion === 5 ? '5.0' : '3.1.1'}</Badge>
      {connection.url.startsWith('wss:') && <Badge tone="good">TLS</Badge>}
      <Badge tone={connection.sessionPresent ? 'info' : 'neutral'}>
        {connection.sessionPresent ? 'session goes on' : 'new session'}
      </Badge>
    </span>
  </span>
);

const withoutLogin = (url: string): string => url.replace(/\/\/[^@/?#]*@/, '//');
