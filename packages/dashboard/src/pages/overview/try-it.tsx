import type { Overview } from '@cauldron/broker/admin-api';
import { useContext, useRef } from 'preact/hooks';
import { routeTo } from '../../routing/routes.ts';
import { UserContext } from '../../session/use-session.ts';
import { Card, Note } from '../../ui/controls.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { tryCommands } from './try-commands.ts';

/** On a broker that has no message yet: how to get one; and that it came. */
export function TryIt({ overview }: { readonly overview: Overview }) {
  const fresh = overview.totals.publishIn === 0 && overview.retained.count === 0;
  const wasFresh = useRef(false);
  wasFresh.current ||= fresh;
  if (fresh) return <Invitation overview={overview} />;
  if (!wasFresh.current) return null;
  return (
    <Note tone="good">
      <strong>It works: the first message has come.</strong>{' '}
      <a href={routeTo(['topics'])}>See it in the topic explorer</a>
    </Note>
  );
}

function Invitation({ overview }: { readonly overview: Overview }) {
  const ways = tryCommands(overview.listeners, location.hostname);
  const { username } = useContext(UserContext);
  return (
    <Card title="Nothing has been published yet. Try it" class="overview-try">
      <div class="stack">
        {ways.length > 0 && (
          <>
            <p class="muted">
              Two terminals: one waits for messages, the other sends one.
              {username !== null && (
                <>
                  {' '}
                  This broker knows its users: add <code>-u NAME -P PASSWORD</code>.
                </>
              )}
            </p>
            <div class="overview-ways">
              {ways.map(({ name, subscribe, publish }) => (
                <div key={name} class="stack">
                  <h3>{name}</h3>
                  <CommandLine command={subscribe} />
                  <CommandLine command={publish} />
                </div>
              ))}
            </div>
          </>
        )}
        <p class="overview-try-more">
          Without a terminal: connect with the <a href={routeTo(['connect'])}>client in this page</a>. What comes shows
          in the <a href={routeTo(['topics'])}>topic explorer</a>.
        </p>
      </div>
    </Card>
  );
}

const CommandLine = ({ command }: { readonly command: string }) => (
  <div class="overview-command">
    <code>{command}</code>
    <CopyButton text={command} label={`Copy: ${command}`} />
  </div>
);
