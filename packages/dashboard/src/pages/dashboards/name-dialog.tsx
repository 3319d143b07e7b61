import { useState } from 'preact/hooks';
import { asFailure } from '../../data/use-resource.ts';
import { Button, Note, TextField } from '../../ui/controls.tsx';
import { Dialog } from '../../ui/dialog.tsx';

export interface Names {
  readonly name: string;
  readonly description: string;
}

export interface NameDialogProps {
  readonly title: string;
  /** What the button says. */
  readonly confirm: string;
  readonly initial?: Names;
  /** What rejects is shown, and the dialog stays. */
  readonly onDone: (names: Names) => Promise<void> | void;
  readonly onClose: () => void;
}

/** Asks for a name and a description. */
export function NameDialog({ title, confirm, initial, onDone, onClose }: NameDialogProps) {
  const [name, setName] = useState(initial?.name ?? '');
  const [description, setDescription] = useState(initial?.description ?? '');
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const problem =
    name.trim() === '' ? 'It needs a name' : name.trim().length > 100 ? 'At most 100 characters' : undefined;
  const [tried, setTried] = useState(false);
  const submit = async (): Promise<void> => {
    setTried(true);
    if (problem !== undefined || busy) return;
    setBusy(true);
    try {
      await onDone({ name: name.trim(), description: description.trim() });
      onClose();
    } catch (error) {
      setFailure(asFailure(error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={busy}>
            {confirm}
          </Button>
        </>
      }
    >
      <TextField
        label="Name"
        value={name}
        onInput={setName}
        placeholder="Living room"
        error={tried ? problem : undefined}
        autofocus
      />
      <TextField
        label="Description"
        value={description}
        onInput={(text) => setDescription(text.slice(0, 1000))}
        hint="What it is for; may stay empty"
      />
      {failure !== null && <Note tone="bad">{failure}</Note>}
    </Dialog>
  );
}
