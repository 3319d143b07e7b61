import type { Overview } from '@cauldron/broker/admin-api';
import type { PageComponent } from '../../app.tsx';
import { useLive } from '../../data/use-live.ts';
import { duration } from '../../format/quantities.ts';
import { LiveNote } from '../../ui/live-note.tsx';
import { Charts } from './charts.tsx';
import { Drops } from './drops.tsx';
import { Figures } from './figures.tsx';
import { HealthReport } from './health-report.tsx';
import { Listeners, Server, Store } from './server-cards.tsx';
import { TryIt } from './try-it.tsx';
import { useSamples } from './use-samples.ts';
import './overview.css';

/** How the broker is: what is the matter first, then numbers, then how they went. */
const OverviewPage: PageComponent = () => {
  const overview = useLive('overview', true);
  const samples = useSamples(overview);
  return (
    <div class="page">
      <div class="page-head">
        <h1>Overview</h1>
        {overview !== undefined && <Running overview={overview} />}
      </div>
      <LiveNote known={overview !== undefined} waitingFor="asking the broker how it is" />
      {overview !== undefined && (
        <>
          <HealthReport overview={overview} />
          <TryIt overview={overview} />
          <Figures overview={overview} samples={samples} />
          <Charts overview={overview} samples={samples} />
          <Drops overview={overview} />
          <div class="grid overview-cards">
            <Listeners listeners={overview.listeners} />
            <Server overview={overview} />
            <Store overview={overview} />
          </div>
        </>
      )}
    </div>
  );
};

const Running = ({ overview: { version, startedAt, now } }: { readonly overview: Overview }) => (
  <span class="muted">
    Cauldron {version}, running for {duration((now - startedAt) / 1000)}
  </span>
);

export default OverviewPage;
