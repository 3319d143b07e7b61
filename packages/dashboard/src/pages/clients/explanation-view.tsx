import type { Explanation } from '@cauldron/broker/admin-api';
import { Badge, Card } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { TableWrap } from '../../ui/table-wrap.tsx';
import { useNarrow } from '../../ui/use-media.ts';

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

type RulesProps = Pick<Explanation, 'rules'>;

const Rules = (props: RulesProps) => (
  <div class="stack">
    <h3>Rules that speak of it, the weightiest first</h3>
    {useNarrow() ? <RuleList {...props} /> : <RuleTable {...props} />}
  </div>
);

const ABOUT = { covers: 'all of it', overlaps: 'some of its topics' } as const;

const RuleTable = ({ rules }: RulesProps) => (
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
              <code>{text}</code> {decided && <Badge>decided</Badge>}
            </td>
            <td>{source}</td>
            <td>{ABOUT[relation]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableWrap>
);

const RuleList = ({ rules }: RulesProps) => (
  <ul class="clients-items">
    {rules.map(({ text, source, relation, decided }) => (
      <li key={`${text} ${source}`} class={decided ? 'clients-decided' : ''}>
        <div>
          <code>{text}</code> {decided && <Badge>decided</Badge>}
        </div>
        <div class="muted small">
          {source}, about {ABOUT[relation]}
        </div>
      </li>
    ))}
  </ul>
);
