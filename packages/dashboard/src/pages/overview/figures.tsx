import type { Overview, Sample } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { bytes, perSecond, plural, shortNumber, wholeNumber } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import type { Tone } from '../../ui/controls.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { type Figure, grownInAMinute, meanOf } from './samples.ts';

/** Seconds a tile draws. */
const DRAWN = 120;

interface FiguresProps {
  readonly overview: Overview;
  readonly samples: readonly Sample[];
}

/** The numbers one looks for first. */
export function Figures({ overview, samples }: FiguresProps) {
  const { clients, retained, subscriptions, queue, drops, totals } = overview;
  const rate = (figure: Figure): number => meanOf(samples, figure);
  const dropped = drops.reduce((sum, { lastMinute }) => sum + lastMinute, 0);
  const droppedEver = drops.reduce((sum, { total }) => sum + total, 0);
  const tile = { samples };
  return (
    <section class="overview-figures" aria-label="Key figures">
      <Tile
        {...tile}
        name="Clients"
        value={wholeNumber(clients.connected)}
        figure="clients"
        color="--series-3"
        href={routeTo(['clients'])}
        about={
          grown(samples, 'clients') ??
          `${plural(clients.sessions, 'session')}, most at once ${wholeNumber(clients.maximum)}`
        }
      />
      <Tile
        {...tile}
        name="Messages in"
        value={perSecond(rate('publishIn'))}
        figure="publishIn"
        color="--series-1"
        about={`${shortNumber(totals.publishIn)} since the start`}
      />
      <Tile
        {...tile}
        name="Messages out"
        value={perSecond(rate('publishOut'))}
        figure="publishOut"
        color="--series-2"
        about={`${shortNumber(totals.publishOut)} since the start`}
      />
      <Tile
        {...tile}
        name="Bytes in"
        value={`${bytes(rate('bytesIn'))}/s`}
        figure="bytesIn"
        color="--series-1"
        about={`${bytes(totals.bytesIn)} since the start`}
      />
      <Tile
        {...tile}
        name="Bytes out"
        value={`${bytes(rate('bytesOut'))}/s`}
        figure="bytesOut"
        color="--series-2"
        about={`${bytes(totals.bytesOut)} since the start`}
      />
      <Tile
        {...tile}
        name="Retained"
        value={wholeNumber(retained.count)}
        figure="retained"
        color="--series-5"
        href={routeTo(['topics'])}
        about={grown(samples, 'retained') ?? bytes(retained.bytes)}
      />
      <Tile
        {...tile}
        name="Subscriptions"
        value={wholeNumber(subscriptions.count)}
        figure="subscriptions"
        color="--series-4"
        about={grown(samples, 'subscriptions') ?? `${wholeNumber(subscriptions.shared)} of them shared`}
      />
      <Tile
        {...tile}
        name="Queued"
        value={wholeNumber(queue.messages)}
        figure="queued"
        color="--series-8"
        href={routeTo(['clients'], { sort: 'queued' })}
        about={queue.messages === 0 ? 'nothing waits for a client' : bytes(queue.bytes)}
      />
      <Tile
        {...tile}
        name="In flight"
        value={wholeNumber(queue.inflight)}
        figure="inflight"
        color="--series-7"
        about="sent, not acknowledged yet"
      />
      <Tile
        {...tile}
        name="Dropped"
        value={wholeNumber(dropped)}
        figure="dropped"
        color="--series-6"
        tone={dropped > 0 ? 'bad' : undefined}
        href={routeTo(['clients'], { sort: 'dropped' })}
        about={`in the last minute, ${shortNumber(droppedEver)} since the start`}
      />
    </section>
  );
}

/** `3 more than a minute ago`; undefined = as many. */
function grown(samples: readonly Sample[], figure: Figure): string | undefined {
  const by = grownInAMinute(samples, figure);
  if (by === 0) return undefined;
  return `${wholeNumber(Math.abs(by))} ${by > 0 ? 'more' : 'fewer'} than a minute ago`;
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly about: ComponentChildren;
  readonly figure: Figure;
  readonly color: string;
  readonly samples: readonly Sample[];
  readonly tone?: Tone | undefined;
  readonly href?: string;
}

function Tile({ name, value, about, figure, color, samples, tone, href }: TileProps) {
  const content = (
    <>
      <span class="overview-tile-name">{name}</span>
      <span class={`overview-tile-value ${tone ?? ''}`}>{value}</span>
      <span class="overview-tile-about">{about}</span>
      <Sparkline values={samples.slice(-DRAWN).map((sample) => sample[figure])} color={color} />
    </>
  );
  return href === undefined ? (
    <div class="card overview-tile">{content}</div>
  ) : (
    <a class="card overview-tile" href={href}>
      {content}
    </a>
  );
}
