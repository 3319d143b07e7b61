import { Button } from '../../ui/controls.tsx';
import { type Draft, isChanged, redone, undone, withWidgets } from './draft.ts';
import { closeGaps } from './layout.ts';
import type { Editing } from './use-editing.tsx';

export interface EditBarProps {
  readonly draft: Draft;
  readonly setDraft: (change: (old: Draft) => Draft) => void;
  readonly editing: Editing;
}

/** What can be done with the dashboard as a whole while it is changed. */
export function EditBar({ draft, setDraft, editing }: EditBarProps) {
  const changed = isChanged(draft);
  return (
    <div class="button-row dashboards-bar" role="toolbar" aria-label="Edit the dashboard">
      <Button icon="plus" onClick={editing.add}>
        Add widget
      </Button>
      <Button icon="edit" label="Name and description" onClick={editing.rename} />
      <Button
        icon="compact"
        label="Close gaps: move all widgets up"
        onClick={() => setDraft((old) => withWidgets(old, closeGaps(old.now.widgets)))}
      />
      <Button icon="undo" label="Undo" disabled={draft.before.length === 0} onClick={() => setDraft(undone)} />
      <Button icon="redo" label="Redo" disabled={draft.behind.length === 0} onClick={() => setDraft(redone)} />
      <Button onClick={editing.leave}>{changed ? 'Cancel' : 'Done'}</Button>
      <Button
        kind="primary"
        icon="check"
        disabled={!changed || editing.busy}
        onClick={() => void editing.save().then((isSaved) => isSaved && editing.leave())}
      >
        Save
      </Button>
    </div>
  );
}
