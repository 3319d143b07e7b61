import type { Message } from '../message.ts';

/** A will that waits for its connection to end badly (section 3.1.2.5). */
export interface PendingWill {
  readonly message: Message;
  /** Seconds between the end of the connection and the will. */
  readonly delay: number;
}
