import type { Dashboard } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import type { ApiFailure } from '../../data/api.ts';
import { asFailure } from '../../data/use-resource.ts';
import { routeTo } from '../../routing/routes.ts';
import { goTo } from '../../routing/use-route.ts';
import { useMayChange } from '../../session/use-session.ts';
import { Button, Empty, Loading, Note } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { topicsOf } from '../../widgets/kinds.ts';
import { MOST_TOPICS } from '../../widgets/topic-values.ts';
import { VIEWERS_LOOK } from '../../widgets/widget-parts.tsx';
import { exportDashboard, readDashboard } from './dashboard-actions.ts';
import { begin, type Draft } from './draft.ts';
import { EditBar } from './edit-bar.tsx';
import { Grid } from './grid.tsx';
import { useEditing } from './use-editing.tsx';

export interface DashboardPageProps {
  readonly id: string;
  readonly wantsEdit: boolean;
}

/** One dashboard, to be used or changed. */
export function DashboardPage({ id, wantsEdit }: DashboardPageProps) {
  const [loaded, setLoaded] = useState<Dashboard | null>(null);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const load = (): void => {
    readDashboard(id).then(
      (dashboard) => {
        setFailure(null);
        setLoaded(dashboard);
      },
      (error: unknown) => setFailure(asFailure(error)),
    );
  };
  useEffect(load, [id]);
  if (loaded !== null) {
    return <Loaded dashboard={loaded} onLoad={setLoaded} onReload={load} wantsEdit={wantsEdit} />;
  }
  return (
    <div class="page">
      <div class="page-head">
        <BackLink />
        <h1>Dashboard</h1>
      </div>
      {failure === null && <Loading />}
      {failure?.status === 404 && (
        <Empty icon="dashboards">
          There is no dashboard “{id}” on this broker: somebody deleted it, or the link is of another broker.
        </Empty>
      )}
      {failure !== null && failure.status !== 404 && (
        <Note tone="bad">
          {failure.message} <Button onClick={load}>Try again</Button>
        </Note>
      )}
    </div>
  );
}

const BackLink = () => (
  <a class="dashboards-back" href={routeTo(['dashboards'])} aria-label="All dashboards" title="All dashboards">
    <Icon name="left" size={20} />
  </a>
);

interface LoadedProps {
  readonly dashboard: Dashboard;
  readonly onLoad: (dashboard: Dashboard) => void;
  readonly onReload: () => void;
  readonly wantsEdit: boolean;
}

function Loaded({ dashboard, onLoad, onReload, wantsEdit }: LoadedProps) {
  const { id, revision } = dashboard;
  const mayChange = useMayChange();
  const isEditing = wantsEdit && mayChange;
  const [draft, setDraft] = useState<Draft>(() => begin(dashboard));
  useEffect(() => setDraft(begin(dashboard)), [revision]);
  useEffect(() => {
    // What was not saved is left behind with edit mode.
    if (!isEditing) setDraft((old) => begin(old.saved));
  }, [isEditing]);
  const editing = useEditing({ dashboard, draft, setDraft, isEditing, onLoad, onReload });
  const { name, description, widgets } = isEditing ? draft.now : draft.saved;
  return (
    <div class="page dashboards">
      <div class="page-head dashboards-head">
        <BackLink />
        <h1>{name}</h1>
        {isEditing ? (
          <EditBar draft={draft} setDraft={setDraft} editing={editing} />
        ) : (
          <>
            <Button icon="download" label="Export as a file" onClick={() => exportDashboard(dashboard)} />
            <Button
              kind="primary"
              icon="edit"
              disabled={!mayChange}
              title={mayChange ? undefined : VIEWERS_LOOK}
              onClick={() => goTo(['dashboards', id], { edit: '1' })}
            >
              Edit
            </Button>
          </>
        )}
        {description !== '' && <p class="dashboards-description">{description}</p>}
      </div>
      {isEditing && (
        <p class="muted small dashboards-keys" id="dashboards-keys">
          {editing.narrow
            ? 'Move widgets up and down with their arrows. Change their size in Edit, or more freely on a wider screen.'
            : 'Drag to move, drag the corner to resize. By keyboard: arrow keys move, Shift with arrow keys resizes, Enter edits, Delete removes.'}
        </p>
      )}
      {new Set(widgets.flatMap(topicsOf)).size > MOST_TOPICS && (
        <Note tone="warn">
          These widgets show more than {MOST_TOPICS} topics, and a page gets the values of {MOST_TOPICS}: some widgets
          stay empty. Make two dashboards of it.
        </Note>
      )}
      {widgets.length === 0 ? (
        <Empty icon="dashboards">
          <p>
            {isEditing ? 'Nothing here yet. Add a widget, say which topic it shows, and save.' : 'Nothing here yet.'}
          </p>
          {isEditing ? (
            <Button kind="primary" icon="plus" onClick={editing.add}>
              Add a widget
            </Button>
          ) : (
            mayChange && (
              <Button kind="primary" icon="edit" onClick={() => goTo(['dashboards', id], { edit: '1' })}>
                Edit it
              </Button>
            )
          )}
        </Empty>
      ) : (
        <Grid widgets={widgets} edit={isEditing ? editing : null} />
      )}
      {editing.dialogs}
    </div>
  );
}
