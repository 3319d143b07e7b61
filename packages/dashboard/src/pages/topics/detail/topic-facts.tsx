import type { TopicValue } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { age, bytes, dateTime, duration, perSecond, wholeNumber } from '../../../format/quantities.ts';
import { routeTo } from '../../../routing/routes.ts';
import { Badge, Facts, Note } from '../../../ui/controls.tsx';
import { Age } from '../tree/topic-row.tsx';

const QOS_WORDS = ['at most once', 'at least once', 'exactly once'] as const;

/** What is known about the last message of a topic. */
export function TopicFacts({ value, now }: { readonly value: TopicValue; readonly now: number }) {
  const { qos, retain, publisher, payload, at, rate, count, sampled, properties } = value;
  const rows: (readonly [string, ComponentChildren])[] = [
    [
      'Published',
      at === null ? (
        <Age at={null} now={now} />
      ) : (
        <>
          {age(at, now)} <span class="muted small">{dateTime(at)}</span>
        </>
      ),
    ],
    ['Publisher', publisher === null ? <Unknown /> : <a href={routeTo(['clients', publisher])}>{publisher}</a>],
    ['QoS', `${qos}, ${QOS_WORDS[qos]}`],
    ['Retained', retain ? <Badge tone="accent">retained</Badge> : 'no'],
    ['Size', bytes(payload.size)],
    [
      'Messages',
      count === 0
        ? 'none while somebody looked'
        : `${wholeNumber(count)} while somebody looked, ${perSecond(rate)} now`,
    ],
  ];
  if (properties?.contentType !== undefined) rows.push(['Content type', properties.contentType]);
  if (properties?.responseTopic !== undefined) {
    const { responseTopic } = properties;
    rows.push(['Response topic', <a href={routeTo(['topics'], { topic: responseTopic })}>{responseTopic}</a>]);
  }
  if (properties?.messageExpiryInterval !== undefined) {
    rows.push(['Expires', `${duration(properties.messageExpiryInterval)} after it was published`]);
  }
  for (const [name, text] of properties?.userProperties ?? []) rows.push([`User property ${name}`, text]);
  return (
    <>
      {sampled && (
        <Note>
          Messages come faster than they are looked at: this is one of the last, and newer ones may have passed. All of
          them are counted, and subscribers get every one.
        </Note>
      )}
      <Facts rows={rows} />
    </>
  );
}

const Unknown = () => (
  <span class="muted" title="The broker itself, its program, this dashboard, or a client that is not known any more">
    the broker, or not known
  </span>
);
