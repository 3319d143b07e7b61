import type { Session } from '@cauldron/broker/admin-api';
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useState } from 'preact/hooks';
import { type ApiFailure, get, useCredentials } from '../data/api.ts';
import { asFailure } from '../data/use-resource.ts';

/** Milliseconds until the broker is asked again, when it did not answer. */
const AGAIN = 2000;

export interface SessionState {
  readonly session: Session | null;
  readonly failure: ApiFailure | null;
  /** Asks the broker again who is logged in. */
  readonly refresh: () => void;
}

/** Who is logged in; asked at the start, and again until the broker answers. */
export function useSession(): SessionState {
  const [state, setState] = useState<Omit<SessionState, 'refresh'>>({ session: null, failure: null });
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    get<Session>('/session', abort.signal).then(
      (session) => {
        useCredentials(session, refresh);
        setState({ session, failure: null });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState((old) => ({ ...old, failure: asFailure(error) }));
        timer = setTimeout(refresh, AGAIN);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [round]);
  return { ...state, refresh };
}

/** The user who looks at the page. */
export const UserContext = createContext<NonNullable<Session['user']>>({
  username: null,
  role: 'viewer',
  csrfToken: null,
  expiresAt: null,
});

/** Whether who looks may change things. What may not is shown disabled, with the reason. */
export const useMayChange = (): boolean => useContext(UserContext).role === 'admin';
