import type { PageComponent } from '../../app.tsx';
import { DashboardPage } from './dashboard-page.tsx';
import { DashboardsList } from './dashboards-list.tsx';
import './dashboards.css';

/** `#/dashboards`: all of them; `#/dashboards/ID`: one; `?edit=1`: while it is changed. */
const DashboardsPage: PageComponent = ({ route }) => {
  const id = route.segments[1];
  if (id === undefined) return <DashboardsList />;
  return <DashboardPage key={id} id={id} wantsEdit={route.query.edit === '1'} />;
};

export default DashboardsPage;
