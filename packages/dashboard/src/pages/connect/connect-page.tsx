import type { Overview } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import type { PageComponent } from '../../app.tsx';
import { get } from '../../data/api.ts';
import { ConnectionCard, connectWith } from './connection-card.tsx';
import { type ConnectionForm, keptForm } from './connection-form.ts';
import type { LogEntry } from './message-log.ts';
import { MessagesCard } from './messages-card.tsx';
import { hexOf, textOf } from './payload.ts';
import { PublishCard } from './publish-card.tsx';
import { EMPTY_PUBLISH, type PublishForm } from './publish-form.ts';
import { SubscriptionsCard } from './subscriptions-card.tsx';
import { TryIt } from './try-it.tsx';
import { useWorkbench } from './use-workbench.ts';
import './connect.css';

/** The address of MQTT on the listener that this page came from. */
const ownUrl = (path = '/mqtt'): string => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;

/** An MQTT client in the page: for any broker, with a login of its own. */
const ConnectPage: PageComponent = () => {
  const workbench = useWorkbench();
  const [form, setForm] = useState<ConnectionForm>(() => keptForm(localStorage, ownUrl()));
  const [message, setMessage] = useState<PublishForm>(EMPTY_PUBLISH);
  useEffect(() => {
    const correct = (path: string): void =>
      setForm((old) => (old.url === ownUrl() ? { ...old, url: ownUrl(path) } : old));
    // Where the broker cannot say its path, the usual one stands there.
    get<Overview>('/overview').then(
      ({ listeners }) => correct(pathOf(listeners) ?? '/mqtt'),
      () => undefined,
    );
  }, []);
  const take = ({ topic, payload, qos, retain, properties }: LogEntry): void => {
    const text = textOf(payload);
    const { contentType = '', userProperties = [] } = properties ?? {};
    setMessage({
      ...EMPTY_PUBLISH,
      topic,
      payload: text ?? hexOf(payload),
      as: text === null ? 'hex' : 'text',
      qos: `${qos}`,
      retain,
      contentType,
      userProperties,
    });
  };
  return (
    <div class="page connect-page">
      <div class="page-head">
        <h1>WebSocket client</h1>
        <span class="muted">publishes and subscribes from this page, as any other MQTT client</span>
      </div>
      <TryIt workbench={workbench} onConnect={() => connectWith(workbench, form)} />
      <ConnectionCard workbench={workbench} form={form} onForm={setForm} />
      <div class="connect-columns">
        <div class="stack connect-left">
          <SubscriptionsCard workbench={workbench} />
          <PublishCard workbench={workbench} form={message} onForm={setMessage} />
        </div>
        <MessagesCard workbench={workbench} onTake={take} />
      </div>
    </div>
  );
};

function pathOf(listeners: Overview['listeners']): string | undefined {
  const own = listeners.find(({ webSocket, url }) => webSocket && URL.parse(url)?.port === location.port);
  return own === undefined ? undefined : URL.parse(own.url)?.pathname;
}

export default ConnectPage;
