import type { Graph } from '@cauldron/broker/admin-api';
import { topicFilterProblem } from '@cauldron/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageComponent } from '../../app.tsx';
import { useLive } from '../../data/use-live.ts';
import { plural } from '../../format/quantities.ts';
import { goTo } from '../../routing/use-route.ts';
import { Button, Empty, Loading } from '../../ui/controls.tsx';
import { GraphCanvas } from './graph-canvas.tsx';
import { GraphTable } from './graph-table.tsx';
import { describe } from './neighbors.ts';
import { NodeCard } from './node-card.tsx';
import './graph.css';

/** Nodes at most; a phone has room for fewer. */
const DETAIL: readonly (readonly [limit: string, text: string])[] = [
  ['40', 'few nodes'],
  ['100', 'more nodes'],
  ['200', 'most nodes'],
];
const initialDetail = (): string => (matchMedia('(max-width: 820px)').matches ? '40' : '100');

/** Clients and topics as a moving picture: messages run along the edges. The filter and the groups stand in the address. */
const GraphPage: PageComponent = ({ route }) => {
  const filter = route.query.filter ?? '';
  const [limit, setLimit] = useState(route.query.nodes ?? initialDetail());
  const [open, setOpen] = useState<readonly string[]>([]);
  const [paused, setPaused] = useState(false);
  const [selected, setSelected] = useState<string | null>(null);
  const asTable = route.query.view === 'table';
  const live = useLive('graph', { limit: limitOf(limit), filter: filter === '' ? '#' : filter, open: [...open] });
  const graph = useHeld(live, paused);
  const go = (change: Readonly<Record<string, string | undefined>>): void =>
    goTo(['graph'], { ...route.query, ...change }, { replace: true });
  const openGroup = (id: string): void => {
    setOpen((all) => (all.includes(id) ? all : [...all, id]));
    setSelected(null);
  };
  const node = graph?.nodes.find(({ id }) => id === selected);
  return (
    <div class="page page-fill graph-page">
      <div class="page-head">
        <h1>Live graph</h1>
        {graph !== undefined && (
          <span class="muted" role="status">
            {plural(graph.clients, 'client')}, {plural(graph.topics, 'topic')}
          </span>
        )}
        <Toolbar
          {...{ filter, limit, paused, asTable }}
          onFilter={(text) => go({ filter: text })}
          onLimit={setLimit}
          onPause={() => setPaused(!paused)}
          onTable={() => go({ view: asTable ? undefined : 'table' })}
        />
      </div>
      <OpenGroups open={open} onClose={(id) => setOpen(open.filter((one) => one !== id))} />
      {graph === undefined ? (
        <Loading label="asking the broker" />
      ) : graph.nodes.length === 0 ? (
        <Nothing filter={filter} />
      ) : asTable ? (
        <GraphTable graph={graph} onOpen={openGroup} />
      ) : (
        <div class="card graph-stage">
          <GraphCanvas graph={graph} paused={paused} selected={selected} onSelect={setSelected} onOpen={openGroup} />
          <Legend />
          <span class="visually-hidden" role="status">
            {node === undefined ? '' : `${describe(node)}: ${node.label}`}
          </span>
          {node !== undefined && (
            <NodeCard
              graph={graph}
              node={node}
              onSelect={setSelected}
              onOpen={openGroup}
              onFilter={(text) => go({ filter: text })}
            />
          )}
        </div>
      )}
    </div>
  );
};

const limitOf = (text: string): number => Math.min(200, Math.max(10, Number.parseInt(text, 10) || 100));

/** The newest graph; while paused the one that was there then. */
function useHeld(graph: Graph | undefined, paused: boolean): Graph | undefined {
  const held = useRef<Graph | undefined>(undefined);
  if (!paused || held.current === undefined) held.current = graph;
  return held.current;
}

interface ToolbarProps {
  readonly filter: string;
  readonly limit: string;
  readonly paused: boolean;
  readonly asTable: boolean;
  readonly onFilter: (filter: string) => void;
  readonly onLimit: (limit: string) => void;
  readonly onPause: () => void;
  readonly onTable: () => void;
}

function Toolbar({ filter, limit, paused, asTable, onFilter, onLimit, onPause, onTable }: ToolbarProps) {
  return (
    <div class="graph-toolbar">
      <FilterField filter={filter} onFilter={onFilter} />
      <select
        class="input"
        aria-label="Detail"
        title="How many nodes stand alone before groups are made"
        value={limit}
        onChange={(event) => onLimit(event.currentTarget.value)}
      >
        {DETAIL.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <Button icon={paused ? 'play' : 'pause'} pressed={paused} onClick={onPause}>
        {paused ? 'Go on' : 'Pause'}
      </Button>
      <Button icon={asTable ? 'graph' : 'menu'} onClick={onTable}>
        {asTable ? 'Picture' : 'Table'}
      </Button>
    </div>
  );
}

/** Milliseconds after which what was written is looked for. */
const SETTLED = 300;

/** What is written is taken once it is a topic filter and nobody types any more. */
function FilterField({ filter, onFilter }: Pick<ToolbarProps, 'filter' | 'onFilter'>) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const problem = text === '' ? undefined : topicFilterProblem(text);
  useEffect(() => {
    if (text === filter || problem !== undefined) return undefined;
    const timer = setTimeout(onFilter, SETTLED, text);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <span class="graph-filter">
      <input
        class="input mono"
        type="search"
        aria-label="Only topics that match this filter"
        placeholder="Filter, such as plant/#"
        value={text}
        aria-invalid={problem !== undefined}
        aria-describedby="graph-filter-problem"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <span id="graph-filter-problem" class="field-error" role="status">
        {problem === undefined ? '' : `No topic filter yet: ${problem}`}
      </span>
    </span>
  );
}

function OpenGroups({ open, onClose }: { readonly open: readonly string[]; readonly onClose: (id: string) => void }) {
  if (open.length === 0) return null;
  return (
    <div class="button-row" role="group" aria-label="Groups that are open">
      <span class="muted small">Open:</span>
      {open.map((id) => (
        <Button key={id} small icon="close" label={`Close the group ${nameOf(id)}`} onClick={() => onClose(id)}>
          {nameOf(id)}
        </Button>
      ))}
    </div>
  );
}

/** `topics:plant/` is written `plant/…`. */
const nameOf = (id: string): string => `${id.replace(/^(clients|topics):/, '')}…`;

const Legend = () => (
  <ul class="graph-legend" aria-label="What the colours mean">
    <li>
      <span class="graph-mark client" /> client
    </li>
    <li>
      <span class="graph-line publishes" /> publishes to
    </li>
    <li>
      <span class="graph-mark topic" /> topic
    </li>
    <li>
      <span class="graph-line delivers" /> which goes to
    </li>
    <li>
      <span class="graph-mark client" /> client
    </li>
  </ul>
);

const Nothing = ({ filter }: { readonly filter: string }) => (
  <Empty icon="graph">
    {filter === '' ? (
      <>
        <p>Nobody is connected and nothing is published yet. Try it from a terminal:</p>
        <p>
          <code>mosquitto_sub -h {location.hostname} -t 'kitchen/#'</code>
        </p>
        <p>
          <code>mosquitto_pub -h {location.hostname} -t kitchen/soup -m ready</code>
        </p>
      </>
    ) : (
      <p>No topic matches this filter, so nobody talks about it. Choose another filter, or none.</p>
    )}
  </Empty>
);

export default GraphPage;
