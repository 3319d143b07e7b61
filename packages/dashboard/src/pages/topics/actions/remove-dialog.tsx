import type { RetainedDeleted } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { post } from '../../../data/api.ts';
import { asFailure } from '../../../data/use-resource.ts';
import { bytes, duration, plural } from '../../../format/quantities.ts';
import { Button, Loading, Note } from '../../../ui/controls.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { toast } from '../../../ui/toasts.tsx';
import { removals, undoRemoval } from './undo.ts';

export interface RemoveDialogProps {
  readonly topic: string;
  /** Everything below it too. */
  readonly subtree: boolean;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

/** Shows what would be deleted, and deletes it. */
export function RemoveDialog({ topic, subtree, onClose, onChanged }: RemoveDialogProps) {
  const [plan, setPlan] = useState<RetainedDeleted>();
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    post<RetainedDeleted>('/retained/delete', { topic, subtree, dryRun: true }).then(setPlan, fail);
  }, []);
  const fail = (error: unknown): void => {
    setBusy(false);
    setFailure(asFailure(error).message);
  };
  const remove = (): void => {
    setBusy(true);
    post<RetainedDeleted>('/retained/delete', { topic, subtree }).then((done) => {
      told(done, topic, subtree, onChanged);
      onChanged();
      onClose();
    }, fail);
  };
  const count = plan?.count ?? 0;
  return (
    <Dialog
      title={subtree ? 'Delete all retained messages below' : 'Delete the retained message'}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{count === 0 ? 'Close' : 'Cancel'}</Button>
          {count > 0 && (
            <Button kind="danger-primary" icon="trash" disabled={busy} onClick={remove}>
              {busy ? 'Deleting…' : `Delete ${plural(count, 'message')}`}
            </Button>
          )}
        </>
      }
    >
      {failure !== undefined && <Note tone="bad">{failure}</Note>}
      {plan === undefined && failure === undefined && <Loading label="looking at what would be deleted" />}
      {plan !== undefined && <Plan {...{ plan, topic, subtree }} />}
    </Dialog>
  );
}

interface PlanProps {
  readonly plan: RetainedDeleted;
  readonly topic: string;
  readonly subtree: boolean;
}

function Plan({ plan: { count, bytes: size, topics, undoSeconds }, topic, subtree }: PlanProps) {
  if (count === 0) {
    return <p>Nothing is retained {subtree ? `on ${topic} or below it` : `on ${topic} any more`}.</p>;
  }
  return (
    <>
      <p>
        {subtree ? (
          <>
            <b>{plural(count, 'retained message')}</b> on <code>{topic}</code> and below it, {bytes(size)}, would be
            deleted:
          </>
        ) : (
          <>
            The retained message of <code>{topic}</code> ({bytes(size)}) is deleted.
          </>
        )}{' '}
        {!subtree && 'New subscribers get nothing until something is published again.'}
      </p>
      {subtree && (
        <section class="topics-plan" aria-label="Topics that would be deleted" tabIndex={0}>
          <ul>
            {topics.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
          {count > topics.length && <p class="muted small">… and {plural(count - topics.length, 'more topic')}</p>}
        </section>
      )}
      {undoSeconds > 0 ? (
        <p class="muted small">
          Subscribers see each of them become empty. For {duration(undoSeconds)} it can be undone here.
        </p>
      ) : (
        <Note tone="warn">These are too many to be kept for an undo: once deleted they are gone.</Note>
      )}
    </>
  );
}

/** Says what was done, with the way back. */
function told(
  { count, undo, undoSeconds, refusal }: RetainedDeleted,
  topic: string,
  subtree: boolean,
  changed: () => void,
): void {
  const text = subtree
    ? `Deleted ${plural(count, 'retained message')} below ${topic}`
    : `Deleted what was retained on ${topic}`;
  if (refusal !== null) toast(refusal, { tone: 'bad' });
  if (count === 0 || undo === null) {
    toast(count === 0 ? 'There was nothing to delete any more' : `${text}. It cannot be undone.`);
    return;
  }
  const removal = { undo, topic, subtree, count, until: Date.now() + undoSeconds * 1000 };
  removals.add(removal);
  toast(text, { action: { label: 'Undo', run: () => void undoRemoval(removal).then(changed) } });
}
