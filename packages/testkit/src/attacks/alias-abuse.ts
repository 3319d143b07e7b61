import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { body, frame } from './bytes.ts';
import { publish } from './packets.ts';

/**
 * Gives topic aliases other topics without end, and now and then uses one that is not allowed: above the maximum, 0, or
 * never given a topic. An action is one publish.
 */
export function aliasAbuse(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 2000, clients: 4 }, options));
  const { random, plan } = assault;
  const aliasOf = (alias: number) => ({ properties: { topicAlias: alias } });
  return assault.crew((client) => {
    client.step += 1;
    if (client.step % 200 !== 0) {
      const name = `${plan.name}/${random.next()}/${'long'.repeat(200)}`;
      client.send(publish(name, aliasOf(1 + random.below(64))));
      return;
    }
    const wrong = random.below(3);
    if (wrong === 0) client.send(publish(plan.name, aliasOf(65_535)));
    else if (wrong === 1) client.send(publish('', aliasOf(65_534)));
    else client.write(aliasZero);
  });
}

/** An encoder refuses to write it. // [MQTT-3.3.2-8] */
const aliasZero = frame(
  3,
  0,
  body((writer) => {
    writer.utf8('zero');
    writer.varint(3);
    writer.byte(0x23);
    writer.uint16(0);
  }),
);
