import type { Platform } from '../platform.ts';
import { setTimer } from './timers.ts';
import { defer, yieldTurn } from './turns.ts';
import { parseUrl } from './url.ts';
import { WebSocketTransport } from './web-socket.ts';

/** The client's surroundings in a page or a worker of a browser. */
export const browserPlatform: Platform = {
  parse: parseUrl,
  open: (target, subprotocol, receiver) => new WebSocketTransport(target, subprotocol, receiver),
  now: () => performance.now(),
  setTimer,
  defer,
  yield: yieldTurn,
  random: () => Math.random(),
  onNetworkBack,
};

/**
 * The network may be back when the browser says so, and when somebody looks at the page again: it may have slept with its
 * machine, or been kept aside by the Back button. Workers know only `online`.
 */
function onNetworkBack(callback: () => void): () => void {
  const check = ({ type }: Event): void => {
    if (type !== 'visibilitychange' || !document.hidden) callback();
  };
  const types = ['online', 'pageshow', 'visibilitychange'];
  for (const type of types) addEventListener(type, check);
  return () => {
    for (const type of types) removeEventListener(type, check);
  };
}
