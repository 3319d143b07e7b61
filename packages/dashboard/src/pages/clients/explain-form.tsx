import type { ClientRow, Explanation, Page } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { type ApiFailure, get, post, search } from '../../data/api.ts';
import { asFailure } from '../../data/use-resource.ts';
import { goTo } from '../../routing/use-route.ts';
import { Button, Card, Note, SelectField, TextField } from '../../ui/controls.tsx';
import { ClientIdField } from './client-id-field.tsx';
import { ACTIONS, type Question, readQuestion, requestOf } from './explain-request.ts';
import { ExplanationView } from './explanation-view.tsx';

interface Answer {
  readonly explanation?: Explanation;
  readonly failure?: ApiFailure;
}

/** Asks the rules whether a client may do something, and why. What is asked stands in the address. */
export function ExplainForm({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const [question, setQuestion] = useState(() => readQuestion(query));
  const [answer, setAnswer] = useState<Answer>({});
  const key = JSON.stringify(query);
  const ask = (asked: Question): void => {
    post<Explanation>('/explain', requestOf(asked)).then(
      (explanation) => setAnswer({ explanation }),
      (error: unknown) => setAnswer({ failure: asFailure(error) }),
    );
  };
  useEffect(() => {
    const asked = readQuestion(query);
    setQuestion(asked);
    setAnswer({});
    if (asked.topic === '') return;
    userOf(asked, query.was).then(
      (user) => {
        setQuestion({ ...asked, user });
        ask({ ...asked, user });
      },
      (error: unknown) => setAnswer({ failure: asFailure(error) }),
    );
  }, [key]);
  const submit = (): void => {
    const { client, user, action, topic, roles, groups } = question;
    const next = { tab: 'explain', client, user, action, topic, roles, groups };
    if (JSON.stringify(readQuestion(query)) === JSON.stringify(question)) ask(question);
    else goTo(['clients'], next);
  };
  return (
    <div class="stack">
      <Card title="May a client do this?">
        <QuestionFields question={question} onChange={setQuestion} onSubmit={submit} />
      </Card>
      <div aria-live="polite">
        {answer.failure !== undefined && <Note tone="bad">{answer.failure.message}</Note>}
        {answer.explanation !== undefined && <ExplanationView explanation={answer.explanation} />}
      </div>
    </div>
  );
}

/** Who asks: as said; or, of an event, whoever it was then, where that client is gone and says nothing itself any more. */
async function userOf({ client, user }: Question, was: string | undefined): Promise<string> {
  if (user !== '' || was === undefined || client === '') return user;
  const { items } = await get<Page<ClientRow>>(`/clients${search({ search: client.slice(0, 256), limit: 1000 })}`);
  return items.some(({ clientId }) => clientId === client) ? '' : was;
}

interface QuestionFieldsProps {
  readonly question: Question;
  readonly onChange: (question: Question) => void;
  readonly onSubmit: () => void;
}

function QuestionFields({ question, onChange, onSubmit }: QuestionFieldsProps) {
  const { client, user, action, topic, roles, groups } = question;
  const set = (change: Partial<Question>): void => onChange({ ...question, ...change });
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <div class="fields">
        <ClientIdField
          label="Client identifier"
          hint="A client that is here is asked about with its own user and roles."
          value={client}
          onInput={(value) => set({ client: value })}
        />
        <TextField
          label="User (optional)"
          hint="Empty: as the client logged in, otherwise anonymous."
          value={user}
          onInput={(value) => set({ user: value })}
        />
      </div>
      <div class="fields">
        <SelectField label="Wants to" value={action} options={ACTIONS} onChange={(value) => set({ action: value })} />
        <TextField
          label={action === 'subscribe' ? 'Topic filter' : 'Topic'}
          hint={action === 'subscribe' ? 'With + and # where it has them.' : 'Without wildcards.'}
          placeholder={action === 'subscribe' ? 'plant/+/temperature' : 'plant/7/temperature'}
          value={topic}
          mono
          required
          onInput={(value) => set({ topic: value })}
        />
      </div>
      <details class="clients-more" open={roles !== '' || groups !== ''}>
        <summary>As if it had other roles or groups</summary>
        <div class="fields">
          <TextField
            label="Roles"
            hint="With commas between them."
            value={roles}
            onInput={(value) => set({ roles: value })}
          />
          <TextField
            label="Groups"
            hint="With commas between them."
            value={groups}
            onInput={(value) => set({ groups: value })}
          />
        </div>
      </details>
      <div>
        <Button kind="primary" type="submit" icon="search">
          Ask the rules
        </Button>
      </div>
    </form>
  );
}
