import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Milliseconds in which a peer that has everything has to close its side. */
const GRACE = 1000;
/** Milliseconds in which a peer has to take something of what is left to send. */
const STUCK = 3000;
/** Bytes per millisecond that are expected of an encrypted connection, whose progress does not show. */
const SLOW = 256;

/**
 * Destroys a socket whose end was begun, once nothing moves any more: however much is left to send, it leaves as long as
 * the peer takes it; a peer that has everything and does not close is not waited for, whatever it sends.
 *
 * @param pending bytes that are left to send
 */
export function cutOff(socket: Socket, pending: () => number): void {
  if (socket.destroyed) return;
  // The timeout of a plain socket knows whether bytes leave; that of an encrypted one only hears when all have left.
  const patience = socket instanceof TLSSocket ? STUCK + pending() / SLOW : STUCK;
  socket.setTimeout(patience, () => socket.destroy());
  let hadAll = pending() === 0;
  const timer = setInterval(() => {
    const hasAll = pending() === 0;
    if (hadAll && hasAll) socket.destroy();
    hadAll = hasAll;
  }, GRACE);
  socket.once('close', () => clearInterval(timer));
}
