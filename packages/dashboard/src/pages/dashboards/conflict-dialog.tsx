import { useState } from 'preact/hooks';
import { asFailure } from '../../data/use-resource.ts';
import { Button, Note } from '../../ui/controls.tsx';
import { Dialog } from '../../ui/dialog.tsx';

export interface ConflictDialogProps {
  readonly onReload: () => void;
  readonly onCopy: () => Promise<void>;
  readonly onClose: () => void;
}

/** Somebody else saved first: nobody's work is written over. */
export function ConflictDialog({ onReload, onCopy, onClose }: ConflictDialogProps) {
  const [failure, setFailure] = useState<string | null>(null);
  return (
    <Dialog
      title="Somebody else has saved this dashboard"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Back to editing</Button>
          <Button kind="danger" onClick={onReload}>
            Load theirs, drop mine
          </Button>
          <Button
            kind="primary"
            onClick={() => void onCopy().catch((error: unknown) => setFailure(asFailure(error).message))}
          >
            Save mine as a copy
          </Button>
        </>
      }
    >
      <p>
        It was changed since you began, so your changes are not saved. Saved as a copy, both stay, and you can compare
        them.
      </p>
      {failure !== null && <Note tone="bad">{failure}</Note>}
    </Dialog>
  );
}
