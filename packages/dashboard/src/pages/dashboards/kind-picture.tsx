import type { WidgetType } from '@cauldron/broker/admin-api';
import type { JSX } from 'preact';
import { arcPath } from '../../widgets/gauge-arc.ts';

const line = { fill: 'none', 'stroke-width': 3, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const;

const PICTURES: Readonly<Record<WidgetType, JSX.Element>> = {
  gauge: (
    <>
      <path d={arcPath(32, 26, 17, 0, 1)} {...line} stroke-width={6} stroke="var(--surface-3)" />
      <path d={arcPath(32, 26, 17, 0, 0.62)} {...line} stroke-width={6} stroke="var(--accent)" />
    </>
  ),
  number: (
    <text x="32" y="31" text-anchor="middle" font-size="22" font-weight="700" fill="var(--text)">
      21.5
    </text>
  ),
  chart: (
    <>
      <path d="M6 36h52" {...line} stroke-width={2} stroke="var(--border-strong)" />
      <path d="M8 29l10-9 9 5 11-14 9 8 9-4" {...line} stroke="var(--accent)" />
      <path d="M8 33l12-3 12 1 12-6 12 2" {...line} stroke-width={2} stroke="var(--series-2)" />
    </>
  ),
  indicator: (
    <>
      <circle cx="32" cy="22" r="14" fill="var(--good)" />
      <path d="M26 22l4.500 4.500 8-9" {...line} stroke="var(--surface)" />
    </>
  ),
  text: <path d="M10 12h44M10 20h38M10 28h44M10 36h24" {...line} stroke="var(--border-strong)" />,
  log: (
    <>
      <path d="M8 10h10M8 19h10M8 28h10M8 37h10" {...line} stroke="var(--accent)" />
      <path d="M24 10h32M24 19h24M24 28h30M24 37h18" {...line} stroke="var(--border-strong)" />
    </>
  ),
  image: (
    <>
      <rect x="9" y="6" width="46" height="32" rx="4" {...line} stroke="var(--border-strong)" />
      <circle cx="21" cy="16" r="4" fill="var(--accent)" />
      <path d="M12 35l14-12 9 8 7-6 10 9" {...line} stroke="var(--accent)" />
    </>
  ),
  button: (
    <>
      <rect x="8" y="11" width="48" height="22" rx="6" fill="var(--accent)" />
      <path d="M22 22h20" {...line} stroke="var(--on-accent)" />
    </>
  ),
  switch: (
    <>
      <rect x="13" y="11" width="38" height="22" rx="11" fill="var(--good)" />
      <circle cx="40" cy="22" r="7.500" fill="var(--surface)" />
    </>
  ),
  slider: (
    <>
      <path d="M8 22h48" {...line} stroke-width={5} stroke="var(--surface-3)" />
      <path d="M8 22h28" {...line} stroke-width={5} stroke="var(--accent)" />
      <circle cx="36" cy="22" r="8" fill="var(--accent)" />
    </>
  ),
};

/** What a kind of widget looks like, small. */
export const KindPicture = ({ type }: { readonly type: WidgetType }) => (
  <svg class="dashboards-kind-picture" viewBox="0 0 64 44" width="64" height="44" aria-hidden="true">
    {PICTURES[type]}
  </svg>
);
