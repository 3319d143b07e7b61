import type { PageComponent } from '../../app.tsx';
import { goTo } from '../../routing/use-route.ts';
import { Tabs } from '../../ui/controls.tsx';
import { ClientList } from './client-list.tsx';
import { ClientView } from './client-view.tsx';
import { ExplainForm } from './explain-form.tsx';
import { ReceiversForm } from './receivers-form.tsx';
import { Refusals } from './refusals.tsx';
import './clients.css';

const TABS = [
  ['list', 'All clients'],
  ['refusals', 'Recent refusals'],
  ['explain', 'Why was this refused?'],
  ['receivers', 'Where does it go?'],
] as const;

type Tab = (typeof TABS)[number][0];

/** Clients: all of them, one of them, who was refused, and why; and who gets what. */
const ClientsPage: PageComponent = ({ route }) => {
  const clientId = route.segments[1];
  if (clientId !== undefined) {
    return (
      <div class="page">
        <ClientView key={clientId} clientId={clientId} />
      </div>
    );
  }
  const { query } = route;
  const selected = TABS.find(([id]) => id === query.tab)?.[0] ?? 'list';
  const select = (tab: Tab): void => goTo(['clients'], { tab: tab === 'list' ? undefined : tab });
  return (
    <div class="page">
      <div class="page-head">
        <h1>Clients</h1>
      </div>
      <Tabs label="Clients" selected={selected} tabs={TABS} onSelect={select} />
      <div role="tabpanel" aria-label={TABS.find(([id]) => id === selected)![1]} class="clients-panel">
        {selected === 'list' && <ClientList query={query} />}
        {selected === 'refusals' && <Refusals />}
        {selected === 'explain' && <ExplainForm query={query} />}
        {selected === 'receivers' && <ReceiversForm query={query} />}
      </div>
    </div>
  );
};

export default ClientsPage;
