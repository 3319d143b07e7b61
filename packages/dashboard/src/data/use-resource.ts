import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiFailure, get } from './api.ts';

/** Something that is fetched once. */
export interface Resource<T> {
  readonly data: T | undefined;
  readonly error: ApiFailure | undefined;
  readonly loading: boolean;
  /** Fetches it again; what is there stays until then. */
  readonly reload: () => void;
}

/** Fetches a path of the admin API, and again when it changes. @param path null = nothing */
export function useResource<T>(path: string | null): Resource<T> {
  const [state, setState] = useState<{ data?: T; error?: ApiFailure; path?: string | null }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === null) return undefined;
    const abort = new AbortController();
    get<T>(path, abort.signal).then(
      (data) => setState({ data, path }),
      (error: unknown) => {
        if (!abort.signal.aborted) setState({ error: asFailure(error), path });
      },
    );
    return () => abort.abort();
  }, [path, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const current = state.path === path;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: path !== null && !current,
    reload,
  };
}

/** Whatever was thrown, with a text for people. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  return new ApiFailure(0, 'PAGE_FAILED', error instanceof Error ? error.message : String(error));
}
