import type { PageComponent } from '../../app.tsx';

const DashboardsPage: PageComponent = () => (
  <div class="page">
    <div class="page-head">
      <h1>Dashboards</h1>
    </div>
  </div>
);

export default DashboardsPage;
