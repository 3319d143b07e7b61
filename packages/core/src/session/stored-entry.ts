import { Message } from '../message.ts';
import type { StoredEntry } from '../store/entries.ts';
import type { Session } from './session.ts';

/** The message of an entry that a session read from the store; null where its bytes are damaged, which is said. */
export function readMessage(session: Session, { messageId, body }: StoredEntry): Message | null {
  try {
    return Message.stored(body);
  } catch (cause) {
    const what = `message ${messageId} in the store is damaged and does not go to '${session.clientId}'`;
    session.host.internalError(new Error(`${what}: ${(cause as Error).message}; check the store`, { cause }));
    return null;
  }
}

/** Stands in a queue for a message that is damaged. */
export function noMessage(now: number): Message {
  return Message.create({ topic: '-', payload: new Uint8Array(0), qos: 0, retain: false, properties: undefined }, now);
}
