import type { PageComponent } from '../../app.tsx';

const ConnectPage: PageComponent = () => (
  <div class="page">
    <div class="page-head">
      <h1>Connect</h1>
    </div>
  </div>
);

export default ConnectPage;
