import type { Graph, GraphNode } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { perSecond, wholeNumber } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { Button } from '../../ui/controls.tsx';
import { describe, type Neighbor, neighborsOf } from './neighbors.ts';
import { isGroup, isTopic } from './scene.ts';

/** Names of a list that a card shows. */
const MOST = 6;

export interface NodeCardProps {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly onSelect: (id: string | null) => void;
  readonly onOpen: (id: string) => void;
  /** Shows only the topics that match a filter. */
  readonly onFilter: (filter: string) => void;
}

/** What is known of the node that is looked at, and where to see more. */
export function NodeCard({ graph, node, onSelect, onOpen, onFilter }: NodeCardProps) {
  const { from, to } = neighborsOf(graph, node.id);
  const topic = isTopic(node);
  return (
    <section class="card graph-card" aria-label={`${describe(node)}: ${node.label}`}>
      <div class="graph-card-head">
        <NodeMark node={node} />
        <h2 class="mono">{node.label}</h2>
        <Button small kind="quiet" icon="close" label="Close" onClick={() => onSelect(null)} />
      </div>
      <p class="muted small">
        {describe(node)} · messages: {perSecond(node.rate)}
      </p>
      <Names title={topic ? 'Published by' : 'Receives'} neighbors={from} onSelect={onSelect} />
      <Names title={topic ? 'Received by' : 'Publishes to'} neighbors={to} onSelect={onSelect} />
      {from.length + to.length === 0 && <p class="small">No messages run here, and nobody is subscribed.</p>}
      <div class="button-row">
        {isGroup(node) && (
          <Button small kind="primary" onClick={() => onOpen(node.id)}>
            Open the group
          </Button>
        )}
        {node.kind === 'topics' && node.label.endsWith('#') && (
          <Button small icon="search" onClick={() => onFilter(node.label)}>
            Only these
          </Button>
        )}
        {node.kind === 'topic' && <More href={routeTo(['topics'], { topic: node.label })}>See its messages</More>}
        {node.kind === 'client' && <More href={routeTo(['clients', node.label])}>See the client</More>}
      </div>
    </section>
  );
}

const More = ({ href, children }: { readonly href: string; readonly children: ComponentChildren }) => (
  <a class="button small-button" href={href}>
    {children}
  </a>
);

/** As it is drawn: topics round, clients square, groups twice. */
export const NodeMark = ({ node }: { readonly node: GraphNode }) => (
  <span
    class={`graph-mark ${isTopic(node) ? 'topic' : 'client'} ${node.online ? '' : 'off'} ${isGroup(node) ? 'group' : ''}`}
    aria-hidden="true"
  />
);

interface NamesProps {
  readonly title: string;
  readonly neighbors: readonly Neighbor[];
  readonly onSelect: (id: string) => void;
}

function Names({ title, neighbors, onSelect }: NamesProps) {
  if (neighbors.length === 0) return null;
  const rest = neighbors.length - MOST;
  return (
    <div>
      <h3 class="graph-names-title">{title}</h3>
      <ul class="graph-names">
        {neighbors.slice(0, MOST).map(({ node, rate }) => (
          <li key={node.id}>
            <button type="button" class="truncate" title={node.label} onClick={() => onSelect(node.id)}>
              {node.label}
            </button>
            <span class="numeric muted small">{rate === 0 ? 'quiet' : perSecond(rate)}</span>
          </li>
        ))}
      </ul>
      {rest > 0 && <p class="muted small">and {wholeNumber(rest)} more</p>}
    </div>
  );
}
