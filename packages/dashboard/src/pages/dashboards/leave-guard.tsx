import { useEffect, useRef, useState } from 'preact/hooks';
import { holdRoute } from '../../routing/use-route.ts';
import { Button } from '../../ui/controls.tsx';
import { Dialog } from '../../ui/dialog.tsx';

export interface LeaveGuardProps {
  /** There is something that would be lost. */
  readonly active: boolean;
  /** Whether an address belongs to what is being worked on. */
  readonly isHere: (hash: string) => boolean;
  readonly onSave: () => Promise<boolean>;
}

/** Asks before unsaved changes are left behind: by a link, by Back, by closing the page. */
export function LeaveGuard({ active, isHere, onSave }: LeaveGuardProps) {
  const [target, setTarget] = useState<string | null>(null);
  // What counts is how it is when the address changes, which may be before effects have run.
  const latest = useRef({ active, isHere });
  latest.current = { active, isHere };
  const allowed = useRef(false);
  useEffect(() => {
    const release = holdRoute((hash) => {
      if (!latest.current.active || allowed.current || latest.current.isHere(hash)) return false;
      setTarget(hash);
      return true;
    });
    const warn = (event: BeforeUnloadEvent): void => {
      if (latest.current.active) event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => {
      release();
      removeEventListener('beforeunload', warn);
    };
  }, []);
  if (target === null) return null;
  const go = (): void => {
    allowed.current = true;
    setTarget(null);
    location.hash = target;
  };
  return (
    <Dialog
      title="Leave without saving?"
      onClose={() => setTarget(null)}
      actions={
        <>
          <Button onClick={() => setTarget(null)}>Stay here</Button>
          <Button kind="danger" onClick={go}>
            Leave, and lose the changes
          </Button>
          <Button
            kind="primary"
            onClick={() =>
              void onSave().then((isSaved) => {
                if (isSaved) go();
                else setTarget(null);
              })
            }
          >
            Save and leave
          </Button>
        </>
      }
    >
      <p>This dashboard has changes that are not saved yet.</p>
    </Dialog>
  );
}
