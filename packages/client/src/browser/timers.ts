import type { Timer } from '../platform.ts';

/** The callbacks of timers that run. */
const pending = new Map<number, () => void>();
let worker: Worker | null | undefined;
let last = 0;

/**
 * Calls back after `ms` milliseconds. Timers of a page that nobody looks at go off up to a minute late, which is too late
 * for a keep alive; those of a worker do not. So each timer runs in both, and what comes first counts: where the page's
 * security policy forbids the worker (`worker-src blob:`), or there are none, the page's own remains.
 */
export function setTimer(ms: number, callback: () => void): Timer {
  if (worker === undefined) worker = startWorker();
  const id = ++last;
  const own = setTimeout(fire, ms, id);
  pending.set(id, () => {
    clearTimeout(own);
    callback();
  });
  worker?.postMessage([id, ms]);
  return {
    cancel() {
      clearTimeout(own);
      if (pending.delete(id)) worker?.postMessage([id]);
    },
  };
}

function fire(id: number): void {
  const callback = pending.get(id);
  pending.delete(id);
  callback?.();
}

/** What the worker runs: `[id, ms]` starts a timer, `[id]` ends it. */
const SOURCE =
  'let t={};onmessage=({data:[i,m]})=>{clearTimeout(t[i]);delete t[i];if(m>=0)t[i]=setTimeout(()=>{delete t[i];postMessage(i)},m)}';

/** One worker for all clients of the page; null where there can be none. */
function startWorker(): Worker | null {
  try {
    const url = URL.createObjectURL(new Blob([SOURCE], { type: 'text/javascript' }));
    const started = new Worker(url, { name: 'mqtt-timers' });
    started.onmessage = ({ data }: MessageEvent<number>) => fire(data);
    started.onerror = () => {
      worker = null;
    };
    return started;
  } catch {
    return null; // the page's own timers remain
  }
}
