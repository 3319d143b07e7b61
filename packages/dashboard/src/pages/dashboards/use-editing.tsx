import type { Dashboard, Widget, WidgetType } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiFailure } from '../../data/api.ts';
import { parseRoute } from '../../routing/routes.ts';
import { goTo } from '../../routing/use-route.ts';
import { toast, toastFailure } from '../../ui/toasts.tsx';
import { nameOf } from '../../widgets/kinds.ts';
import { ConflictDialog } from './conflict-dialog.tsx';
import * as actions from './dashboard-actions.ts';
import * as drafts from './draft.ts';
import type { GridEdit } from './grid-parts.ts';
import { LeaveGuard } from './leave-guard.tsx';
import { NameDialog } from './name-dialog.tsx';
import { Palette } from './palette.tsx';
import { useMedia } from './use-media.ts';
import { WidgetDialog } from './widget-dialog.tsx';

/** Where widgets stand in a single column: what the style sheet says, too. */
const NARROW = '(max-width: 700px)';

type Open =
  | { readonly dialog: 'palette' | 'name' | 'conflict' }
  | { readonly dialog: 'widget'; readonly widget: Widget; readonly isNew: boolean };

export interface Editing extends GridEdit {
  readonly add: () => void;
  readonly rename: () => void;
  /** Fulfilled with whether it is saved; what went wrong has been said. */
  readonly save: () => Promise<boolean>;
  /** Back to looking; unsaved changes are asked about. */
  readonly leave: () => void;
  readonly busy: boolean;
  readonly dialogs: ComponentChildren;
}

export interface EditingOptions {
  readonly dashboard: Dashboard;
  readonly draft: drafts.Draft;
  readonly setDraft: (change: (old: drafts.Draft) => drafts.Draft) => void;
  readonly isEditing: boolean;
  readonly onLoad: (dashboard: Dashboard) => void;
  readonly onReload: () => void;
}

/** Edit mode of a dashboard: what its buttons do, and the windows they open. */
export function useEditing(options: EditingOptions): Editing {
  const { dashboard, draft, setDraft, isEditing, onLoad, onReload } = options;
  const { id, revision } = dashboard;
  const [open, setOpen] = useState<Open | null>(null);
  const [busy, setBusy] = useState(false);
  const narrow = useMedia(NARROW);
  const { widgets } = draft.now;
  const close = (): void => setOpen(null);
  const setWidgets = (change: (old: readonly Widget[]) => readonly Widget[]): void =>
    setDraft((old) => drafts.withWidgets(old, change(old.now.widgets)));

  const leave = (): void => goTo(['dashboards', id]);
  const save = async (): Promise<boolean> => {
    setBusy(true);
    try {
      onLoad(await actions.saveDashboard(id, revision, draft.now));
      setDraft((old) => drafts.saved(old, draft.now));
      toast('Saved.', { tone: 'good' });
      return true;
    } catch (error) {
      if (error instanceof ApiFailure && error.code === 'REVISION_CONFLICT') setOpen({ dialog: 'conflict' });
      else toastFailure(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const saveAsCopy = async (): Promise<void> => {
    const copy = await actions.createDashboard(actions.copyDocument(draft.now, 'my changes'));
    setDraft((old) => drafts.saved(old, draft.now));
    close();
    goTo(['dashboards', copy.id]);
  };
  const remove = (removed: string): void => {
    const widget = widgets.find((one) => one.id === removed)!;
    setWidgets((old) => old.filter((one) => one.id !== removed));
    toast(`“${nameOf(widget)}” is removed.`, {
      action: { label: 'Undo', run: () => setWidgets((old) => drafts.putBack(old, widget)) },
    });
  };
  const choose = (type: WidgetType): void => {
    const widget = drafts.newWidget(type, widgets, drafts.newId(type, widgets));
    setOpen({ dialog: 'widget', widget, isNew: true });
  };
  const keep = (widget: Widget): void => {
    close();
    setWidgets((old) => drafts.withWidget(old, widget));
  };

  return {
    narrow,
    busy,
    leave,
    save,
    add: () => setOpen({ dialog: 'palette' }),
    rename: () => setOpen({ dialog: 'name' }),
    onPlace: (placed) => setWidgets(() => placed),
    onEdit: (of) => setOpen({ dialog: 'widget', widget: widgets.find((one) => one.id === of)!, isNew: false }),
    onCopy: (of) => {
      const widget = widgets.find((one) => one.id === of)!;
      setWidgets((old) => [...old, drafts.copyOf(widget, old, drafts.newId(widget.type, old))]);
    },
    onDelete: remove,
    dialogs: isEditing && (
      <>
        <LeaveGuard
          active={drafts.isChanged(draft)}
          isHere={(hash) => {
            const { segments, query } = parseRoute(hash);
            return segments[0] === 'dashboards' && segments[1] === id && query.edit === '1';
          }}
          onSave={save}
        />
        {open?.dialog === 'palette' && <Palette onChoose={choose} onClose={close} />}
        {open?.dialog === 'name' && (
          <NameDialog
            title="Name of the dashboard"
            confirm="OK"
            initial={draft.now}
            onClose={close}
            onDone={(names) => setDraft((old) => drafts.changed(old, { ...old.now, ...names }))}
          />
        )}
        {open?.dialog === 'widget' && (
          <WidgetDialog widget={open.widget} isNew={open.isNew} onDone={keep} onClose={close} />
        )}
        {open?.dialog === 'conflict' && (
          <ConflictDialog
            onClose={close}
            onReload={() => {
              close();
              onReload();
            }}
            onCopy={saveAsCopy}
          />
        )}
      </>
    ),
  };
}
