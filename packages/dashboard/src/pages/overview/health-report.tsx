import type { Finding, Overview } from '@cauldron/broker/admin-api';
import { duration } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import type { Tone } from '../../ui/controls.tsx';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { Prose } from '../../ui/prose.tsx';
import { linkOf } from './finding-links.ts';
import { goodNews } from './good-news.ts';

const LOOK: Readonly<Record<Finding['severity'], readonly [tone: Tone, icon: IconName, word: string]>> = {
  error: ['bad', 'error', 'Error'],
  warning: ['warn', 'warning', 'Warning'],
  info: ['info', 'info', 'Note'],
};

/** What is the matter, in plain language; and that nothing is, where nothing is. */
export function HealthReport({ overview }: { readonly overview: Overview }) {
  const { findings } = overview.health;
  const news = goodNews(overview);
  return (
    <section class="overview-health" aria-label="Health">
      {news !== null && <AllIsWell news={news} />}
      {findings.length > 0 && (
        <ul class="overview-findings">
          {findings.map((finding) => (
            <FindingRow key={`${finding.code} ${finding.message}`} finding={finding} now={overview.now} />
          ))}
        </ul>
      )}
    </section>
  );
}

const AllIsWell = ({ news }: { readonly news: string }) => (
  <div class="note good">
    <Icon name="check" />
    <div>
      <strong>All is well.</strong> {news}
    </div>
  </div>
);

function FindingRow({ finding, now }: { readonly finding: Finding; readonly now: number }) {
  const { code, severity, message, advice, since, clients } = finding;
  const [tone, icon, word] = LOOK[severity];
  const link = linkOf(code);
  return (
    <li class={`note ${tone}`}>
      <Icon name={icon} />
      <div class="overview-finding">
        <div>
          <span class="visually-hidden">{word}: </span>
          <strong>
            <Prose text={message} />
          </strong>{' '}
          <span class="muted small">for {duration((now - since) / 1000)}</span>
        </div>
        {advice !== null && (
          <div>
            <Prose text={advice} />
          </div>
        )}
        {link !== undefined && <a href={link.href}>{link.text}</a>}
        {clients.length > 0 && (
          <div class="overview-finding-clients">
            {clients.map((clientId) => (
              <a key={clientId} class="badge overview-client" href={routeTo(['clients', clientId])}>
                {clientId}
              </a>
            ))}
          </div>
        )}
      </div>
    </li>
  );
}
