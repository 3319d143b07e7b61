import type { ClientEvent } from '@cauldron/broker/admin-api';
import { age, dateTime } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { Empty } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Prose } from '../../ui/prose.tsx';
import { eventLooks, refusalAdvice, whyLink } from './event-look.ts';

export interface TimelineProps {
  /** Newest first. */
  readonly events: readonly ClientEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** With the client each one is about. */
  readonly withClients?: boolean;
}

/** What happened, the newest first, with when and why. */
export function Timeline({ events, now, withClients = false }: TimelineProps) {
  if (events.length === 0) return <Empty>Nothing happened yet since the broker started.</Empty>;
  return (
    <ol class="clients-timeline">
      {events.map((event) => {
        const { name, tone, icon } = eventLooks[event.kind];
        return (
          <li key={event.id}>
            <span class={`clients-event-icon ${tone}`}>
              <Icon name={icon} size={15} />
              <span class="visually-hidden">{name}</span>
            </span>
            <div class="clients-event">
              {withClients && <Who event={event} />}
              <div>{event.message}</div>
              <Advice event={event} />
            </div>
            <time class="muted small" dateTime={new Date(event.at).toISOString()} title={dateTime(event.at)}>
              <span>{age(event.at, now)}</span> <span>{dateTime(event.at)}</span>
            </time>
          </li>
        );
      })}
    </ol>
  );
}

const Who = ({ event: { clientId, username, address } }: { readonly event: ClientEvent }) => (
  <div class="clients-event-who">
    {clientId === null ? (
      <span class="muted">a client that did not say who it is</span>
    ) : (
      <a class="mono" href={routeTo(['clients', clientId])}>
        {clientId}
      </a>
    )}
    {username !== null && <span class="muted small">user {username}</span>}
    {address !== null && <span class="muted small">from {address}</span>}
  </div>
);

function Advice({ event }: { readonly event: ClientEvent }) {
  const why = whyLink(event);
  if (why !== undefined) return <a href={why}>Why?</a>;
  const advice = refusalAdvice(event);
  return advice === undefined ? null : (
    <div class="muted small">
      <Prose text={advice} />
    </div>
  );
}
