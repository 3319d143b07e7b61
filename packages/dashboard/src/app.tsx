import type { Session } from '@cauldron/broker/admin-api';
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { request } from './data/api.ts';
import type { LiveState } from './data/live.ts';
import { useLiveConnection, useLiveState } from './data/use-live.ts';
import { pages } from './pages/pages.ts';
import type { Route } from './routing/routes.ts';
import { routeTo } from './routing/routes.ts';
import { useRoute } from './routing/use-route.ts';
import { Login } from './session/login.tsx';
import { UserContext, useSession } from './session/use-session.ts';
import { Badge, Button, Dot, Empty, Loading, Note, type Tone } from './ui/controls.tsx';
import { Icon } from './ui/icon.tsx';
import { chooseTheme, chosenTheme, type Theme } from './ui/theme.ts';
import { Toasts, toastFailure } from './ui/toasts.tsx';
import { useNarrow } from './ui/use-media.ts';

/** The whole page: who is there, the frame, and the page the address names. */
export function App() {
  const { session, failure, refresh } = useSession();
  if (session === null) {
    return (
      <main class="centered-page">
        {failure === null ? <Loading label="asking the broker" /> : <Note tone="bad">{failure.message}</Note>}
      </main>
    );
  }
  if (session.user === null) {
    return <Login refusal={session.refusal} loginRequired={session.loginRequired} onLogin={refresh} />;
  }
  return (
    <UserContext.Provider value={session.user}>
      <Shell session={session} user={session.user} onSessionEnd={refresh} />
      <Toasts />
    </UserContext.Provider>
  );
}

interface ShellProps {
  readonly session: Session;
  readonly user: NonNullable<Session['user']>;
  readonly onSessionEnd: () => void;
}

function Shell({ session, user, onSessionEnd }: ShellProps) {
  useLiveConnection(onSessionEnd);
  const route = useRoute();
  const name = route.segments[0] ?? pages[0]!.path;
  const page = pages.find(({ path }) => path === name);
  useEffect(() => {
    document.title = page === undefined ? 'Cauldron' : `${page.title} · Cauldron`;
  }, [page]);
  const narrow = useNarrow();
  const logOut = (): void => void request('DELETE', '/session').then(onSessionEnd, toastFailure);
  const state = (
    <>
      <div class="shell-foot-row">
        <LiveIndicator />
        <ThemeButton />
      </div>
      {user.username !== null && (
        <div class="shell-foot-row">
          <span class="truncate" title={user.username}>
            {user.username} {user.role === 'viewer' && <Badge>read only</Badge>}
          </span>
          <Button small kind="quiet" icon="logout" label="Log out" onClick={logOut} />
        </div>
      )}
    </>
  );
  return (
    <div class="shell">
      {/* The address behind # is the page's, so it cannot name this place. */}
      <button type="button" class="skip-link" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      {narrow && <header class="shell-top">{state}</header>}
      <nav class="shell-nav" aria-label="Pages">
        <a class="shell-brand" href={routeTo([])}>
          <img src="/favicon.svg" alt="" />
          Cauldron
        </a>
        <div class="shell-links">
          {pages.map(({ path, title, icon }) => (
            <a key={path} href={routeTo([path])} aria-current={path === name ? 'page' : undefined}>
              <Icon name={icon} size={20} />
              {title}
            </a>
          ))}
        </div>
        {!narrow && (
          <div class="shell-foot">
            {state}
            <div class="shell-foot-row">Cauldron {session.broker.version}</div>
          </div>
        )}
      </nav>
      <div class="shell-main" id="main" tabIndex={-1} role="main">
        {page === undefined ? (
          <div class="page">
            <Empty>There is no page “{name}”. Choose one of those beside.</Empty>
          </div>
        ) : (
          <LazyPage key={page.path} load={page.load} route={route} />
        )}
      </div>
    </div>
  );
}

/** A page whose code is fetched when it is opened first. */
export type PageComponent = FunctionComponent<{ readonly route: Route }>;

interface LazyPageProps {
  readonly load: () => Promise<{ readonly default: PageComponent }>;
  readonly route: Route;
}

function LazyPage({ load, route }: LazyPageProps) {
  const [loaded, setLoaded] = useState<{ page?: PageComponent; failed?: boolean }>({});
  useEffect(() => {
    load().then(
      (module) => setLoaded({ page: module.default }),
      () => setLoaded({ failed: true }),
    );
  }, []);
  const Page = loaded.page;
  if (Page !== undefined) return <Page route={route} />;
  if (!loaded.failed) return <Loading />;
  return (
    <div class="page">
      <Note tone="bad">
        This part of the dashboard could not be loaded: the broker may have another version now. Reload the page.
      </Note>
    </div>
  );
}

const LIVE: Readonly<Record<LiveState, readonly [Tone, string]>> = {
  connecting: ['info', 'connecting'],
  live: ['good', 'live'],
  waiting: ['bad', 'no connection'],
  paused: ['neutral', 'paused'],
  ended: ['bad', 'logged out'],
};

function LiveIndicator() {
  const [tone, text] = LIVE[useLiveState()];
  return (
    <span class="live-state" role="status">
      <Dot tone={tone} />
      {text}
    </span>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const THEME_LABEL: Readonly<Record<Theme, string>> = {
  system: 'Colours: as the system',
  light: 'Colours: light',
  dark: 'Colours: dark',
};

function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme());
  const choose = (): void => {
    chooseTheme(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  return (
    <Button
      small
      kind="quiet"
      icon={theme === 'dark' ? 'moon' : theme === 'light' ? 'sun' : 'settings'}
      label={`${THEME_LABEL[theme]}. Change`}
      onClick={choose}
    />
  );
}
