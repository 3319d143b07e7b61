import type { PageComponent } from '../../app.tsx';

const TopicsPage: PageComponent = () => (
  <div class="page">
    <div class="page-head">
      <h1>Topics</h1>
    </div>
  </div>
);

export default TopicsPage;
