import { useEffect, useState } from 'preact/hooks';
import type { PageComponent } from '../../app.tsx';
import { perSecond, plural } from '../../format/quantities.ts';
import { goTo } from '../../routing/use-route.ts';
import { Empty, Loading, Note } from '../../ui/controls.tsx';
import { toast } from '../../ui/toasts.tsx';
import { useNow } from '../../ui/use-now.ts';
import { PublishDialog } from './actions/publish-dialog.tsx';
import { emptyDraft, type PublishDraft } from './actions/publish-draft.ts';
import { RemovalsDialog } from './actions/removals-dialog.tsx';
import { RemoveDialog } from './actions/remove-dialog.tsx';
import { useRemovals } from './actions/undo.ts';
import { ChartPanel } from './chart/chart-panel.tsx';
import { useChart } from './chart/use-chart.ts';
import { TopicDetail } from './detail/topic-detail.tsx';
import './topics.css';
import './topics-chart.css';
import './topics-detail.css';
import { NoTopics } from './no-topics.tsx';
import { TopicsToolbar } from './topics-toolbar.tsx';
import { TopicTree } from './tree/topic-tree.tsx';
import { useOpenLevels } from './tree/use-open-levels.ts';
import { useTopicRows } from './tree/use-topic-rows.ts';

/** What is open over the page. */
type Over =
  | { readonly kind: 'publish'; readonly draft: PublishDraft; readonly isEdit: boolean }
  | { readonly kind: 'remove'; readonly topic: string; readonly subtree: boolean }
  | { readonly kind: 'removals' };

/** Everything that is retained and flowing, as a tree. */
const TopicsPage: PageComponent = ({ route }) => {
  const selected = route.query.topic;
  const [search, setSearch] = useState('');
  const [system, setSystem] = useState(false);
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const [isCharting, setCharting] = useState(route.query.chart !== undefined);
  const [over, setOver] = useState<Over | null>(null);
  const [changes, setChanges] = useState(0);
  const paused = pausedAt !== null;
  const clock = useNow();
  const now = pausedAt ?? clock;
  const levels = useOpenLevels(system, selected);
  const rows = useTopicRows({ expanded: search === '' ? levels.open : [], search, system, paused });
  const chart = useChart(paused);
  const removals = useRemovals(clock);
  const changed = (): void => setChanges((n) => n + 1);

  useEffect(() => {
    if (rows.data !== undefined && search === '') levels.onRows(rows.data);
  }, [rows.data]);

  const select = (topic: string | undefined): void => {
    if (topic === selected) return;
    // Steps back lead to the tree, not through everything that was looked at.
    goTo(['topics'], { topic }, { replace: topic !== undefined && selected !== undefined });
  };
  const addToChart = (topic: string, path: string): void => {
    const refusal = chart.add({ topic, path });
    if (refusal !== undefined) toast(refusal);
    setCharting(true);
  };
  const selectedIndex = selected === undefined ? -1 : rows.indexOf(selected);

  return (
    <div class={`page page-fill topics-page ${selected === undefined ? '' : 'with-detail'}`}>
      <TopicsToolbar
        counts={rows.data === undefined ? '' : `${plural(rows.data.topics, 'topic')}, ${perSecond(rows.data.rate)}`}
        {...{ search, system, paused, isCharting }}
        lines={chart.lines.length}
        removals={removals.length}
        onSearch={setSearch}
        onSystem={setSystem}
        onPause={() => setPausedAt(paused ? null : Date.now())}
        onChart={() => setCharting(!isCharting)}
        onRemovals={() => setOver({ kind: 'removals' })}
        onPublish={() => setOver({ kind: 'publish', draft: emptyDraft(selected ?? ''), isEdit: false })}
        onOpenLevel={levels.onOpenLevel}
        onCloseAll={levels.onCloseAll}
      />
      {rows.data?.truncated && (
        <Note tone="warn">
          There are more topics than the dashboard looks at: those beyond are counted and not shown. The limit is{' '}
          <code>dashboard.maxTopics</code> in the configuration.
        </Note>
      )}
      <div class="topics-body">
        <div class="card topics-list">
          {rows.data === undefined && <Loading label="asking for topics" />}
          {rows.data?.total === 0 && (
            <TreeIsEmpty search={search} searching={rows.data.searching} onPublish={setOver} />
          )}
          {rows.data !== undefined && rows.data.total > 0 && (
            <TopicTree
              key={search}
              {...{ rows, search, system, selected, now }}
              expanded={levels.open}
              onSelect={(topic) => topic !== '' && select(topic)}
              onOpen={levels.onOpen}
              onClose={levels.onClose}
              onOpenAll={levels.onOpenAll}
            />
          )}
          {search !== '' && rows.data !== undefined && rows.data.total > 0 && (
            <p class="topics-found muted small" role="status">
              {plural(rows.data.total, 'topic')} found{rows.data.searching && ', still searching…'}
            </p>
          )}
        </div>
        {selected !== undefined && (
          <TopicDetail
            key={selected}
            topic={selected}
            row={rows.rowAt(selectedIndex)}
            {...{ paused, now, changes }}
            onBack={() => select(undefined)}
            onPublish={(draft) => setOver({ kind: 'publish', draft, isEdit: draft.retain })}
            onRemove={(topic, subtree) => setOver({ kind: 'remove', topic, subtree })}
            onChart={addToChart}
            {...(search === ''
              ? {}
              : {
                  onShowInTree: () => {
                    levels.onReveal(selected);
                    setSearch('');
                  },
                })}
          />
        )}
      </div>
      {isCharting && <ChartPanel chart={chart} now={now} onClose={() => setCharting(false)} />}
      {over?.kind === 'publish' && <PublishDialog {...over} onClose={() => setOver(null)} onPublished={changed} />}
      {over?.kind === 'remove' && <RemoveDialog {...over} onClose={() => setOver(null)} onChanged={changed} />}
      {over?.kind === 'removals' && <RemovalsDialog onClose={() => setOver(null)} onChanged={changed} />}
    </div>
  );
};

interface TreeIsEmptyProps {
  readonly search: string;
  readonly searching: boolean;
  readonly onPublish: (over: Over) => void;
}

function TreeIsEmpty({ search, searching, onPublish }: TreeIsEmptyProps) {
  if (search === '') {
    return <NoTopics onPublish={(draft) => onPublish({ kind: 'publish', draft, isEdit: false })} />;
  }
  if (searching) return <Loading label="searching" />;
  return (
    <Empty icon="search">
      No topic has “{search}” in its name or its text. The search looks at the last message of each topic.
    </Empty>
  );
}

export default TopicsPage;
