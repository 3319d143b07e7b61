import { useState } from 'preact/hooks';
import { duration, plural } from '../../../format/quantities.ts';
import { Button } from '../../../ui/controls.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { useNow } from '../../../ui/use-now.ts';
import type { Removal } from './removals.ts';
import { undoRemoval, useRemovals } from './undo.ts';

/** What was deleted in the last minutes, to be brought back. */
export function RemovalsDialog({
  onClose,
  onChanged,
}: {
  readonly onClose: () => void;
  readonly onChanged: () => void;
}) {
  const now = useNow();
  const [busy, setBusy] = useState<string>();
  const removals = useRemovals(now);
  const undo = (removal: Removal): void => {
    setBusy(removal.undo);
    void undoRemoval(removal).then(() => {
      setBusy(undefined);
      onChanged();
    });
  };
  return (
    <Dialog title="Deleted lately" onClose={onClose} actions={<Button onClick={onClose}>Close</Button>}>
      {removals.length === 0 && <p>There is nothing to undo any more.</p>}
      <ul class="topics-removals">
        {removals.map((removal) => (
          <li key={removal.undo}>
            <span class="topics-removal">
              <code>
                {removal.topic}
                {removal.subtree && '/#'}
              </code>
              <span class="muted small">
                {plural(removal.count, 'message')}, can be undone for {duration((removal.until - now) / 1000)}
              </span>
            </span>
            <Button small icon="undo" disabled={busy !== undefined} onClick={() => undo(removal)}>
              Undo
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
