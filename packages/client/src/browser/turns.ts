/** Callbacks for the next turns of the event loop, in order. */
const queue: (() => void)[] = [];
let channel: MessageChannel | undefined;
let isTurnCounted = false;

/**
 * Calls back after other events had their turn. A message, unlike a timer, does not wait longer the more often it is used,
 * nor in a page that nobody looks at.
 */
export function yieldTurn(callback: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => queue.shift()!();
  }
  queue.push(callback);
  channel.port2.postMessage(0);
}

/**
 * Calls back soon: the first in a turn as soon as the running code returns, so that also what a page writes while it is
 * being left gets out; the next ones of that turn at its end, so that a loop that awaits each publish is not a write each.
 */
export function defer(callback: () => void): void {
  if (isTurnCounted) {
    yieldTurn(callback);
    return;
  }
  isTurnCounted = true;
  yieldTurn(() => {
    isTurnCounted = false;
  });
  queueMicrotask(callback);
}
