import type { Graph, GraphNode } from '@cauldron/broker/admin-api';
import { perSecond, plural } from '../../format/quantities.ts';
import { Button } from '../../ui/controls.tsx';
import { describe, type Neighbor, neighborsOf } from './neighbors.ts';
import { NodeMark } from './node-card.tsx';
import { isGroup, isTopic } from './scene.ts';

export interface GraphTableProps {
  readonly graph: Graph;
  readonly onOpen: (id: string) => void;
}

/** The same as the picture, as text: each node, and whom it is linked with. */
export function GraphTable({ graph, onOpen }: GraphTableProps) {
  const clients = graph.nodes.filter((node) => !isTopic(node));
  const topics = graph.nodes.filter(isTopic);
  return (
    <div class="graph-tables">
      <NodeTable title="Clients" heads={['Publishes to', 'Receives']} {...{ graph, nodes: clients, onOpen }} />
      <NodeTable title="Topics" heads={['Received by', 'Published by']} {...{ graph, nodes: topics, onOpen }} />
    </div>
  );
}

interface NodeTableProps extends GraphTableProps {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  /** Of what goes out of a node, and of what comes to it. */
  readonly heads: readonly [string, string];
}

function NodeTable({ graph, nodes, title, heads, onOpen }: NodeTableProps) {
  const sorted = [...nodes].sort((a, b) => b.rate - a.rate || (a.label < b.label ? -1 : 1));
  return (
    <div class="card table-wrap" role="region" aria-label={title} tabIndex={0}>
      <table class="table">
        <caption class="graph-caption">
          {title} <span class="muted small">{plural(nodes.length, 'row')}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">What it is</th>
            <th scope="col" class="numeric">
              Messages
            </th>
            <th scope="col">{heads[0]}</th>
            <th scope="col">{heads[1]}</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((node) => {
            const { from, to } = neighborsOf(graph, node.id);
            return (
              <tr key={node.id} data-node={node.id}>
                <th scope="row" class="graph-name">
                  <NodeMark node={node} /> {node.label}
                </th>
                <td>
                  {describe(node)}{' '}
                  {isGroup(node) && (
                    <Button small onClick={() => onOpen(node.id)} label={`Open ${node.label}`}>
                      Open
                    </Button>
                  )}
                </td>
                <td class="numeric">{perSecond(node.rate)}</td>
                <td>{namesOf(to)}</td>
                <td>{namesOf(from)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Names of a row that are written out. */
const MOST = 5;

function namesOf(neighbors: readonly Neighbor[]): string {
  if (neighbors.length === 0) return '–';
  const names = neighbors
    .slice(0, MOST)
    .map(({ node, rate }) => (rate === 0 ? node.label : `${node.label} (${perSecond(rate)})`));
  const rest = neighbors.length - MOST;
  return rest > 0 ? `${names.join(', ')} and ${rest} more` : names.join(', ');
}
