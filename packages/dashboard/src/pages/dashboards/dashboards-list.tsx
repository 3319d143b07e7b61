import type { DashboardSummary, DashboardsList as List } from '@cauldron/broker/admin-api';
import { useState } from 'preact/hooks';
import { useResource } from '../../data/use-resource.ts';
import { age, dateTime, plural } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { goTo } from '../../routing/use-route.ts';
import { useMayChange } from '../../session/use-session.ts';
import { Button, Empty, Loading, Note } from '../../ui/controls.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { toast, toastFailure } from '../../ui/toasts.tsx';
import { VIEWERS_LOOK } from '../../widgets/widget-parts.tsx';
import * as actions from './dashboard-actions.ts';
import { ImportDialog } from './import-dialog.tsx';
import { NameDialog } from './name-dialog.tsx';

type Open =
  | { readonly dialog: 'create' | 'import' }
  | { readonly dialog: 'rename' | 'delete'; readonly of: DashboardSummary };

/** All dashboards of this broker. */
export function DashboardsList() {
  const { data, error, reload } = useResource<List>('/dashboards');
  const [open, setOpen] = useState<Open | null>(null);
  const close = (): void => setOpen(null);
  const mayChange = useMayChange();
  const reason = mayChange ? undefined : VIEWERS_LOOK;
  return (
    <div class="page dashboards">
      <div class="page-head">
        <h1>Dashboards</h1>
        <Button icon="upload" disabled={!mayChange} title={reason} onClick={() => setOpen({ dialog: 'import' })}>
          Import
        </Button>
        <Button
          kind="primary"
          icon="plus"
          disabled={!mayChange}
          title={reason}
          onClick={() => setOpen({ dialog: 'create' })}
        >
          New dashboard
        </Button>
      </div>
      {error !== undefined && <Note tone="bad">{error.message}</Note>}
      {data === undefined && error === undefined && <Loading />}
      {data !== undefined && !data.kept && data.items.length > 0 && (
        <Note tone="warn">
          This broker keeps nothing on the disk: its dashboards are gone when it stops. Export what you want to keep, or
          start the broker with a data folder.
        </Note>
      )}
      {data?.items.length === 0 && (
        <Empty icon="dashboards">
          <p>
            A dashboard shows what your devices say, and tells them what to do: gauges, charts, switches, as you put
            them.
          </p>
          <Button
            kind="primary"
            icon="plus"
            disabled={!mayChange}
            title={reason}
            onClick={() => setOpen({ dialog: 'create' })}
          >
            Make the first one
          </Button>
          <p class="small">
            No device at hand? <code>cauldron demo</code> brings two, and a dashboard.
          </p>
        </Empty>
      )}
      {data !== undefined && (
        <ul class="dashboards-list">
          {data.items.map((item) => (
            <Item key={item.id} item={item} onOpen={setOpen} onChange={reload} />
          ))}
        </ul>
      )}
      {open?.dialog === 'create' && (
        <NameDialog
          title="New dashboard"
          confirm="Create"
          onClose={close}
          onDone={async ({ name, description }) => {
            const { id } = await actions.createDashboard({ name, description, widgets: [] });
            goTo(['dashboards', id], { edit: '1' });
          }}
        />
      )}
      {open?.dialog === 'rename' && (
        <NameDialog
          title="Rename"
          confirm="Rename"
          initial={open.of}
          onClose={close}
          onDone={async (names) => {
            const now = await actions.readDashboard(open.of.id);
            await actions.saveDashboard(now.id, now.revision, { ...now, ...names });
            reload();
          }}
        />
      )}
      {open?.dialog === 'delete' && <DeleteDialog of={open.of} onClose={close} onDone={reload} />}
      {open?.dialog === 'import' && <ImportDialog onClose={close} />}
    </div>
  );
}

interface ItemProps {
  readonly item: DashboardSummary;
  readonly onOpen: (open: Open) => void;
  readonly onChange: () => void;
}

function Item({ item, onOpen, onChange }: ItemProps) {
  const { id, name, description, widgets, changedAt } = item;
  const mayChange = useMayChange();
  const title = (text: string): string => (mayChange ? text : VIEWERS_LOOK);
  const duplicate = async (): Promise<void> => {
    const copy = await actions.createDashboard(actions.copyDocument(await actions.readDashboard(id)));
    toast(`“${copy.name}” is there.`, { tone: 'good' });
    onChange();
  };
  return (
    <li class="card dashboards-item">
      <a class="dashboards-item-link" href={routeTo(['dashboards', id])}>
        <span class="dashboards-item-icon">
          <Icon name="dashboards" size={22} />
        </span>
        <span class="dashboards-item-text">
          <b>{name}</b>
          {description !== '' && <span class="dashboards-item-about">{description}</span>}
          <span class="muted small" title={dateTime(changedAt)}>
            {widgets === 0 ? 'empty' : plural(widgets, 'widget')}, changed {age(changedAt, Date.now())}
          </span>
        </span>
      </a>
      <div class="dashboards-item-tools">
        <Button
          small
          kind="quiet"
          icon="edit"
          label={`Rename ${name}`}
          title={title('Rename')}
          disabled={!mayChange}
          onClick={() => onOpen({ dialog: 'rename', of: item })}
        />
        <Button
          small
          kind="quiet"
          icon="copy"
          label={`Duplicate ${name}`}
          title={title('Duplicate')}
          disabled={!mayChange}
          onClick={() => void duplicate().catch(toastFailure)}
        />
        <Button
          small
          kind="quiet"
          icon="download"
          label={`Export ${name}`}
          title="Export as a file"
          onClick={() => void actions.readDashboard(id).then(actions.exportDashboard).catch(toastFailure)}
        />
        <Button
          small
          kind="quiet"
          icon="trash"
          label={`Delete ${name}`}
          title={title('Delete')}
          disabled={!mayChange}
          onClick={() => onOpen({ dialog: 'delete', of: item })}
        />
      </div>
    </li>
  );
}

interface DeleteDialogProps {
  readonly of: DashboardSummary;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function DeleteDialog({ of: { id, name, widgets }, onClose, onDone }: DeleteDialogProps) {
  const [busy, setBusy] = useState(false);
  const run = (): void => {
    setBusy(true);
    actions
      .removeDashboard(id)
      .then(() => toast(`“${name}” is deleted.`), toastFailure)
      .finally(() => {
        onClose();
        onDone();
      });
  };
  return (
    <Confirm title={`Delete “${name}”?`} confirm="Delete" busy={busy} onConfirm={run} onClose={onClose}>
      <p>
        It goes for everybody who uses this broker, with {plural(widgets, 'widget')}. Export it first if you may want it
        back.
      </p>
    </Confirm>
  );
}
