import type { SubackPacket, UnsubackPacket } from '@cauldron/protocol';

/** A SUBSCRIBE or UNSUBSCRIBE that waits for its answer. It dies with its connection. */
export class PendingRequest {
  readonly answer: number;
  readonly done: (packet: SubackPacket | UnsubackPacket) => void;

  constructor(answer: number, done: PendingRequest['done']) {
    this.answer = answer;
    this.done = done;
  }
}
