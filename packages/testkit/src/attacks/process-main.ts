// One attack in a process of its own: node process-main.ts '{"name":"slowloris","target":{...},"options":{}}'
// Started by `attackFromProcess`, which hears its numbers and tells it to stop.
import type { Attack, StartAttack } from './attack.ts';
import { attacks } from './index.ts';
import type { ProcessOrder } from './process.ts';

const { name, target, options } = JSON.parse(process.argv[2]!) as ProcessOrder;
const start = (attacks as Readonly<Record<string, StartAttack | undefined>>)[name];
if (start === undefined) {
  throw new Error(`there is no attack '${name}'; choose one of ${Object.keys(attacks).join(', ')}`);
}
const attack: Attack = start(target, options);
const tell = (): void => {
  if (process.connected) process.send?.(attack.stats);
};
const telling = setInterval(tell, 100);
tell();
// Told to stop, or left alone by who started it.
process.once('message', () => void stop());
process.once('disconnect', () => void stop());

async function stop(): Promise<void> {
  clearInterval(telling);
  await attack.stop();
  tell();
  if (process.connected) process.disconnect?.();
}
