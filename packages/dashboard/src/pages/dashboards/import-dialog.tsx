import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../data/api.ts';
import { asFailure } from '../../data/use-resource.ts';
import { goTo } from '../../routing/use-route.ts';
import { Button, Field, Note, TextField } from '../../ui/controls.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { createDashboard } from './dashboard-actions.ts';
import { placeInWords, readDocument } from './documents.ts';

/** Problems that are shown; a file that is wrong everywhere is better made anew. */
const SHOWN = 8;

/** Takes a dashboard that was exported: as a file, or pasted. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const change = (next: string): void => {
    setText(next);
    setProblems([]);
  };
  const submit = async (): Promise<void> => {
    const read = readDocument(text);
    if ('problem' in read) return setProblems([read.problem]);
    setBusy(true);
    try {
      const { id } = await createDashboard(read.document);
      onClose();
      goTo(['dashboards', id]);
    } catch (error) {
      setProblems(problemsOf(asFailure(error), read.document));
      setBusy(false);
    }
  };
  const choose = (file: File | undefined): void => {
    file
      ?.text()
      .then(change, () => setProblems([`${file.name} cannot be read. Choose it again, or paste what is in it.`]));
  };
  return (
    <Dialog
      title="Import a dashboard"
      wide
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={busy}>
            Import
          </Button>
        </>
      }
    >
      <Field label="File" hint="What Export gave, here or on another broker">
        {(input) => (
          <input
            {...input}
            class="input"
            type="file"
            accept=".json,application/json"
            onChange={(event) => choose(event.currentTarget.files?.[0])}
          />
        )}
      </Field>
      <TextField
        label="Or paste it"
        value={text}
        onInput={change}
        lines={10}
        mono
        placeholder='{ "name": "…", "widgets": […] }'
      />
      {problems.length > 0 && (
        <Note tone="bad">
          <b>It was not imported.</b>
          <ul class="dashboards-problems">
            {problems.slice(0, SHOWN).map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
            {problems.length > SHOWN && <li>and {problems.length - SHOWN} more</li>}
          </ul>
        </Note>
      )}
    </Dialog>
  );
}

function problemsOf({ details, message }: ApiFailure, document: unknown): string[] {
  if (details.length === 0) return [message];
  return details.map((one) => `${placeInWords(one.path, document)}: ${one.message}`);
}
