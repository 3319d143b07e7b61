import type { Explanation } from '@cauldron/broker/admin-api';
import { Badge, Card } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { TableWrap } from '../../ui/table-wrap.tsx';

/** What the rules say, largest first: yes or no, why, and the rules themselves. */
export function ExplanationView({ explanation }: { readonly explanation: Explanation }) {
  const { allowed, lines, rules, roles, groups } = explanation;
  return (
    <Card>
      <div class="stack">
        <div class={`clients-verdict ${allowed ? 'good' : 'bad'}`}>
          <Icon name={allowed ? 'check' : 'close'} size={28} />
          {allowed ? 'ALLOWED' : 'DENIED'}
        </div>
        <pre class="clients-lines">{lines.join('\n')}</pre>
        {(roles.length > 0 || groups.length > 0) && (
          <div class="button-row">
            {roles.map((role) => (
              <Badge key={`role ${role}`}>role {role}</Badge>
            ))}
            {groups.map((group) => (
              <Badge key={`group ${group}`}>group {group}</Badge>
            ))}
          </div>
        )}
        {rules.length > 0 && <Rules rules={rules} />}
      </div>
    </Card>
  );
}

const Rules = ({ rules }: Pick<Explanation, 'rules'>) => (
  <div class="stack">
    <h3>Rules that speak of it, the weightiest first</h3>
    <TableWrap label="Rules">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Written in</th>
            <th scope="col">About</th>
          </tr>
        </thead>
        <tbody>
          {rules.map(({ text, source, relation, decided }) => (
            <tr key={`${text} ${source}`} class={decided ? 'clients-decided' : ''}>
              <td>
                <code>{text}</code> {decided && <Badge tone="accent">decided</Badge>}
              </td>
              <td class="clients-source">{source}</td>
              <td>{relation === 'covers' ? 'all of it' : 'some of its topics'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  </div>
);
