import type { PageComponent } from '../../app.tsx';

const OverviewPage: PageComponent = () => (
  <div class="page">
    <div class="page-head">
      <h1>Overview</h1>
    </div>
  </div>
);

export default OverviewPage;
