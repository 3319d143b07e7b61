import type { Dashboard, Widget } from '@cauldron/broker/admin-api';
import { kindOf } from '../../widgets/kinds.ts';
import * as layout from './layout.ts';

/** What may be changed of a dashboard. */
export type Contents = Pick<Dashboard, 'name' | 'description' | 'widgets'>;

/** A dashboard while it is worked on: how it is now, and the way back and forth. */
export interface Draft {
  readonly saved: Contents;
  readonly now: Contents;
  readonly before: readonly Contents[];
  readonly behind: readonly Contents[];
}

/** Steps that can be taken back. */
const STEPS = 100;

export function contentsOf({ name, description, widgets }: Contents): Contents {
  return { name, description, widgets: layout.settle(widgets) };
}

/** Begins to work on a dashboard; widgets that overlap, as in an import, are put right first. */
export function begin(dashboard: Contents): Draft {
  const saved = contentsOf(dashboard);
  return { saved, now: saved, before: [], behind: [] };
}

export const isChanged = ({ saved, now }: Draft): boolean => JSON.stringify(saved) !== JSON.stringify(now);

/** A step; one that changes nothing is none. */
export function changed(draft: Draft, now: Contents): Draft {
  if (JSON.stringify(now) === JSON.stringify(draft.now)) return draft;
  return { ...draft, now, before: [...draft.before.slice(-STEPS + 1), draft.now], behind: [] };
}

export function undone(draft: Draft): Draft {
  const now = draft.before.at(-1);
  if (now === undefined) return draft;
  return { ...draft, now, before: draft.before.slice(0, -1), behind: [draft.now, ...draft.behind] };
}

export function redone(draft: Draft): Draft {
  const [now, ...behind] = draft.behind;
  if (now === undefined) return draft;
  return { ...draft, now, before: [...draft.before, draft.now], behind };
}

/** It is saved as `contents`, which may be behind what it is now. */
export const saved = (draft: Draft, contents: Contents): Draft => ({ ...draft, saved: contents });

/** A step in the widgets. */
export const withWidgets = (draft: Draft, widgets: readonly Widget[]): Draft =>
  changed(draft, { ...draft.now, widgets: [...widgets] });

/** A new widget of a kind, where there is room. */
export function newWidget(type: Widget['type'], widgets: readonly Widget[], id: string): Widget {
  const { initial } = kindOf(type);
  return { ...structuredClone(initial), id, ...layout.freePlace(widgets, initial.w, initial.h) } as Widget;
}

/** The same once more, where there is room. */
export const copyOf = (widget: Widget, widgets: readonly Widget[], id: string): Widget => ({
  ...structuredClone(widget),
  id,
  ...layout.freePlace(widgets, widget.w, widget.h),
});

/** Puts back what was removed; whatever took its place makes room. */
export const putBack = (widgets: readonly Widget[], widget: Widget): Widget[] =>
  widgets.some(({ id }) => id === widget.id) ? [...widgets] : layout.settle([...widgets, widget], widget.id);

/** An identifier that no widget has: `gauge-2`. */
export function newId(type: string, widgets: readonly { readonly id: string }[]): string {
  const taken = new Set(widgets.map(({ id }) => id));
  let n = 1;
  while (taken.has(`${type}-${n}`)) n += 1;
  return `${type}-${n}`;
}

/** A widget as it was changed, or a new one; those in its way make room. */
export function withWidget(widgets: readonly Widget[], widget: Widget): Widget[] {
  const isThere = widgets.some(({ id }) => id === widget.id);
  const all = isThere ? widgets.map((one) => (one.id === widget.id ? widget : one)) : [...widgets, widget];
  return layout.settle(all, widget.id);
}
