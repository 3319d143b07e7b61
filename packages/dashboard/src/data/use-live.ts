import type { LiveEvents, LiveInterest } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { put } from './api.ts';
import { type LiveSource, type LiveState, LiveStream } from './live.ts';

/** Milliseconds a page may be out of sight before its stream is closed. */
const HIDDEN_FOR = 5000;

/** The page's stream. */
export const live = new LiveStream({
  open: openEventSource,
  show: (stream, interest) => put(`/live/${stream}`, interest),
  later: (then) => setTimeout(then, 20),
});

function openEventSource(): LiveSource {
  const source = new EventSource('/api/v1/live');
  return {
    on: (event, handle) => source.addEventListener(event, (message) => handle((message as MessageEvent<string>).data)),
    onFailure: (handle) => {
      source.onerror = () => handle(source.readyState === EventSource.CLOSED);
    },
    close: () => source.close(),
  };
}

/** Opens the stream while the page is looked at; call it once, where somebody is logged in. */
export function useLiveConnection(ended: () => void): void {
  const latest = useRef(ended);
  latest.current = ended;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (!document.hidden) live.start();
      else timer = setTimeout(() => live.pause(), HIDDEN_FOR);
    };
    const stop = live.onState((state) => {
      if (state === 'ended') latest.current();
    });
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      clearTimeout(timer);
      stop();
      live.pause();
    };
  }, []);
}

/** How the stream stands; draws again when that changes. */
export function useLiveState(): LiveState {
  const [state, setState] = useState(live.state);
  useEffect(() => live.onState(setState), []);
  return state;
}

/**
 * The newest data of one kind, undefined until it came. What was shown stays while another view is asked for.
 *
 * @param interest what to show, null = nothing; compared by content
 */
export function useLive<K extends Exclude<keyof LiveInterest, 'values' | 'feed'>>(
  kind: K,
  interest: LiveInterest[K] | null,
): LiveEvents[K] | undefined {
  const [data, setData] = useState<LiveEvents[K]>();
  const key = JSON.stringify(interest);
  useEffect(() => {
    if (interest === null || interest === undefined) return undefined;
    return live.want({ [kind]: interest }, (event, value) => {
      if (event === kind) setData(value);
    });
  }, [kind, key]);
  return data;
}

/** Calls `handle` with each event of a kind, without drawing again: for charts and lists that keep data of their own. */
export function useLiveEvents<K extends keyof LiveInterest & keyof LiveEvents>(
  kind: K,
  interest: LiveInterest[K] | null,
  handle: (data: LiveEvents[K]) => void,
): void {
  const latest = useRef(handle);
  latest.current = handle;
  const key = JSON.stringify(interest);
  useEffect(() => {
    if (interest === null || interest === undefined) return undefined;
    return live.want({ [kind]: interest }, (event, value) => {
      if (event === kind) latest.current(value);
    });
  }, [kind, key]);
}
