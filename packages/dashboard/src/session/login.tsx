import type { Session } from '@cauldron/broker/admin-api';
import { useState } from 'preact/hooks';
import { post } from '../data/api.ts';
import { asFailure } from '../data/use-resource.ts';
import { Button, Card, Note, TextField } from '../ui/controls.tsx';

export interface LoginProps {
  /** Why nobody gets in this way; null = one can. */
  readonly refusal: string | null;
  readonly loginRequired: boolean;
  readonly onLogin: () => void;
}

/** Asks who it is. */
export function Login({ refusal, loginRequired, onLogin }: LoginProps) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await post<Session>('/session', { username, password });
      onLogin();
    } catch (error) {
      setFailure(asFailure(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="centered-page">
      <Card class="login">
        <form class="stack" onSubmit={submit}>
          <div class="login-brand">
            <img src="/favicon.svg" alt="" width="40" height="40" />
            <h1>Cauldron</h1>
          </div>
          {refusal !== null && <Note tone="warn">{refusal}</Note>}
          {loginRequired && (
            <>
              <TextField
                label="User name"
                value={username}
                onInput={setUsername}
                autocomplete="username"
                autofocus
                required
              />
              <TextField
                label="Password"
                type="password"
                value={password}
                onInput={setPassword}
                autocomplete="current-password"
              />
              {failure !== null && <Note tone="bad">{failure}</Note>}
              <Button type="submit" kind="primary" disabled={busy || username === ''}>
                {busy ? 'Logging in…' : 'Log in'}
              </Button>
              <p class="muted small">
                The users of the broker, with the role that its configuration names for the dashboard.
              </p>
            </>
          )}
        </form>
      </Card>
    </main>
  );
}
