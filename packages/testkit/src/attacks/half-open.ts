import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

/** Connections being made at the same time: a listener's backlog is no longer than this. */
const MAKING = 128;

/**
 * Connections that say nothing, `clients` of them held at the same time; what was closed is opened again. An action is a
 * connection.
 */
export function halfOpen(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 10_000 }, options));
  return assault.run(() => {
    if (assault.size >= assault.plan.clients || assault.size - assault.stats.open >= MAKING) return false;
    assault.open();
    return true;
  });
}
