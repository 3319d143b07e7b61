import type { PageComponent } from '../../app.tsx';

const GraphPage: PageComponent = () => (
  <div class="page">
    <div class="page-head">
      <h1>Graph</h1>
    </div>
  </div>
);

export default GraphPage;
