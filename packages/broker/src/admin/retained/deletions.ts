import type { BrokerCore, Message } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';

/** Messages of a subtree that are deleted, or brought back, in one turn of the loop: some milliseconds. */
const SLICE = 1000;
/** Places of the tree of retained messages that are looked at in one turn. */
const PLACES = 4 * SLICE;

const noBytes = new Uint8Array(0);

/** Goes through retained messages that match a filter, turn by turn; what `visit` returns false for ends it. */
export async function eachRetained(
  core: BrokerCore,
  filter: string,
  turn: () => Promise<void>,
  visit: (messages: readonly Message[]) => boolean,
): Promise<void> {
  const walk = core.retained.walk(filter);
  for (let finished = false; !finished; ) {
    const messages: Message[] = [];
    finished = walk.next(SLICE, PLACES, core.now, (message) => messages.push(message));
    if (!visit(messages)) return;
    if (!finished) await turn();
  }
}

/**
 * Deletes a retained message as a client would: subscribers see an empty one, and the store forgets it.
 *
 * @returns the message that is gone; null where there was none any more; the reason code where the broker refused
 */
export function deleteRetained(core: BrokerCore, topic: string): Message | null | number {
  const message = core.retained.get(topic);
  if (message === null) return null;
  const { qos } = message;
  const reasonCode = core.publish({ topic, payload: noBytes, qos, retain: true, properties: undefined });
  if (core.retained.get(topic) === null) return message;
  return reasonCode < 0x80 ? ReasonCode.implementationSpecificError : reasonCode; // an interceptor took it
}

/**
 * Brings a message back, with its QoS, properties and what is left of its time, unless the topic has a newer one.
 *
 * @returns `skipped`: it is over, or there is a newer one; `refused`: the broker does not take it now
 */
export function restoreRetained(core: BrokerCore, message: Message): 'restored' | 'skipped' | 'refused' {
  if (message.expired(core.now) || core.retained.get(message.topic) !== null) return 'skipped';
  // It went past the interceptors when it was published, so it does not go there again.
  if (core.refusal(message, null, true) !== null) return 'refused';
  core.publishMessage(message, null);
  return core.retained.get(message.topic) === message ? 'restored' : 'refused';
}

/** Restores messages turn by turn. Those that are refused are `skipped`, too. */
export async function restoreAll(
  core: BrokerCore,
  messages: readonly Message[],
  turn: () => Promise<void>,
): Promise<{ restored: number; skipped: number; refused: Message[] }> {
  let restored = 0;
  const refused: Message[] = [];
  for (const [i, message] of messages.entries()) {
    if (i > 0 && i % SLICE === 0) await turn();
    const outcome = restoreRetained(core, message);
    if (outcome === 'restored') restored += 1;
    if (outcome === 'refused') refused.push(message);
  }
  return { restored, skipped: messages.length - restored, refused };
}
