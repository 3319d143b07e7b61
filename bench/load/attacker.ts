/**
 * The process of somebody who means harm, started by `attack-process.ts`. It is told what to do by messages, so that it
 * is there and warm before anything is measured, and gives way to the load generator on their core.
 */
import os from 'node:os';
import { type Attack, type AttackTarget, attacks, type StartAttack } from '@cauldron/testkit/attacks';
import type { AttackOrder, AttackReport } from './attack-process.ts';
import { burn } from './burn.ts';

os.setPriority(os.constants.priority.PRIORITY_LOW);

let attack: Attack | null = null;
let stopBurning: (() => void) | null = null;

process.on('message', (order: AttackOrder) => void obey(order));
process.on('disconnect', () => process.exit());
report();

async function obey(order: AttackOrder): Promise<void> {
  switch (order.do) {
    case 'attack':
      attack = begin(order.name, order.target);
      break;
    case 'burn':
      stopBurning = burn(order.share);
      break;
    case 'stop':
      await attack?.stop();
      stopBurning?.();
      report();
      attack = null;
      stopBurning = null;
  }
}

function begin(name: string, target: AttackTarget): Attack {
  const start = (attacks as Readonly<Record<string, StartAttack | undefined>>)[name];
  if (start === undefined) throw new Error(`there is no attack "${name}"`);
  return start(target);
}

function report(): void {
  process.send?.({ stats: attack?.stats ?? null } satisfies AttackReport);
}
