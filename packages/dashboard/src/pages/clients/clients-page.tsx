import type { PageComponent } from '../../app.tsx';

const ClientsPage: PageComponent = () => (
  <div class="page">
    <div class="page-head">
      <h1>Clients</h1>
    </div>
  </div>
);

export default ClientsPage;
