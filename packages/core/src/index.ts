/** The MQTT broker as a value: no Node, no sockets, no disk, no clock of its own. */
export * from './broker-core.ts';
export { Connection } from './connection/connection.ts';
export { ConnectionState } from './connection/state.ts';
export { Message } from './message.ts';
export { Metrics } from './metrics.ts';
export * from './options.ts';
export * from './ports.ts';
export { Fanout } from './routing/fanout.ts';
export { RetainedTree } from './routing/retained-tree.ts';
export { Router } from './routing/router.ts';
export { type Delivery, Subscription } from './routing/subscription.ts';
export { SubscriptionTrie } from './routing/subscription-trie.ts';
export { TopicTable } from './routing/topic-table.ts';
export { OfflineQueue } from './session/offline-queue.ts';
export { Session } from './session/session.ts';
export { Timer, TimerWheel } from './timing/timer-wheel.ts';
