import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Attack, AttackOptions, AttackStats, AttackTarget } from './attack.ts';

/** What the process is started with. */
export interface ProcessOrder {
  /** Of `attacks`. */
  readonly name: string;
  readonly target: AttackTarget;
  readonly options: AttackOptions;
}

/**
 * Starts an attack in a process of its own, so that it does not take time from whoever watches. Its `stats` are a tenth
 * of a second old at most.
 *
 * @param name of `attacks`
 * @param options what `JSON` can carry
 * @throws {Error} where there is no such attack
 */
export async function attackFromProcess<O extends AttackOptions>(
  name: string,
  target: AttackTarget,
  options: O,
): Promise<Attack> {
  const order: ProcessOrder = { name, target, options };
  const child = fork(fileURLToPath(new URL('./process-main.ts', import.meta.url)), [JSON.stringify(order)]);
  const ended = once(child, 'exit');
  const begun = once(child, 'message');
  const first = await Promise.race([begun, ended]);
  if (child.exitCode !== null) throw new Error(`the process of the attack '${name}' ended with code ${child.exitCode}`);
  const stats = first[0] as AttackStats;
  child.on('message', (message) => Object.assign(stats, message));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.connected) child.send('stop');
    await ended;
  };
  return { stats, stop };
}
