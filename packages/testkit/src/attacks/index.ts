/**
 * Clients that want to take a broker down: raw sockets, seeded, at a pace that is bounded. For tests and benchmarks,
 * against brokers of one's own.
 *
 * @example
 * const attack = attacks.slowloris({ host: '127.0.0.1', port: 1883 }, { clients: 100, seed: 7 });
 * // Some time later, attack.stats.closed tells how many of them the broker has closed.
 * await attack.stop();
 */
import { aliasAbuse } from './alias-abuse.ts';
import type { StartAttack } from './attack.ts';
import { connectionFlood } from './connection-flood.ts';
import { deepHash } from './deep-hash.ts';
import { fuzz } from './fuzz.ts';
import { giantLength } from './giant-length.ts';
import { halfOpen } from './half-open.ts';
import { invalidText } from './invalid-text.ts';
import { longClientIds } from './long-client-ids.ts';
import { longTopics } from './long-topics.ts';
import { malformedLengthStorm } from './malformed-lengths.ts';
import { neverReading } from './never-reading.ts';
import { passwordStorm } from './password-storm.ts';
import { pingFlood } from './ping-flood.ts';
import { propertyFlood } from './property-flood.ts';
import { publishFlood } from './publish-flood.ts';
import { qos2Exhaustion } from './qos2-exhaustion.ts';
import { retainedBomb } from './retained-bomb.ts';
import { sessionBomb } from './session-bomb.ts';
import { shareChurn } from './share-churn.ts';
import { slowloris } from './slowloris.ts';
import { subscriptionBomb } from './subscription-bomb.ts';
import { takeOverStorm } from './take-over-storm.ts';
import { tlsStall } from './tls-stall.ts';
import { topicFlood } from './topic-flood.ts';
import { unsubscribeStorm } from './unsubscribe-storm.ts';
import { wildcardBomb } from './wildcard-bomb.ts';
import { willBomb } from './will-bomb.ts';

export {
  type Attack,
  type AttackOptions,
  type AttackStats,
  type AttackTarget,
  nothingYet,
  type StartAttack,
} from './attack.ts';
export { malformedLengths } from './malformed-lengths.ts';
export { attackFromProcess } from './process.ts';
/** Every attack by its name; each says in its own file what it does and which options it has besides. */
export const attacks = {
  aliasAbuse,
  connectionFlood,
  deepHash,
  fuzz,
  giantLength,
  halfOpen,
  invalidText,
  longClientIds,
  longTopics,
  malformedLengthStorm,
  neverReading,
  passwordStorm,
  pingFlood,
  propertyFlood,
  publishFlood,
  qos2Exhaustion,
  retainedBomb,
  sessionBomb,
  shareChurn,
  slowloris,
  subscriptionBomb,
  takeOverStorm,
  tlsStall,
  topicFlood,
  unsubscribeStorm,
  wildcardBomb,
  willBomb,
} satisfies Record<string, StartAttack>;
