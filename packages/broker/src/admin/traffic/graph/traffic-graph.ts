import type { BrokerCore } from '@cauldron/core';
import type { z } from 'zod';
import type * as schema from '../../schema/index.ts';
import type { Graph } from '../../schema/index.ts';
import type { TopicTree } from '../topic-tree.ts';

/** Who talks to whom about what. */
export class TrafficGraph {
  readonly #core: BrokerCore;

  constructor(core: BrokerCore) {
    this.#core = core;
  }

  /** @param tree the topics that are known; null = nobody watches */
  look(tree: TopicTree | null, _view: z.output<typeof schema.graphView>, _now: number): Graph {
    return { nodes: [], edges: [], clients: this.#core.metrics.clientsConnected, topics: tree?.users.topics ?? 0 };
  }

  /** Nobody watches any more. */
  forget(): void {}
}
