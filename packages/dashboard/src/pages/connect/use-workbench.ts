import { connect } from '@cauldron/client';
import { useContext, useEffect, useState } from 'preact/hooks';
import { UserContext } from '../../session/use-session.ts';
import { Workbench } from './workbench.ts';

/** That of this tab: it stays connected while other pages are looked at. */
let kept: { readonly workbench: Workbench; readonly username: string | null } | null = null;

/** The workbench of whoever is logged in; what another user left behind is ended. Draws again when it changes. */
export function useWorkbench(): Workbench {
  const { username } = useContext(UserContext);
  if (kept === null || kept.username !== username) {
    kept?.workbench.disconnect();
    kept = { workbench: new Workbench({ connect, now: Date.now, soon: nextFrame }), username };
  }
  const { workbench } = kept;
  const [, draw] = useState(0);
  useEffect(() => workbench.onChange(() => draw((n) => n + 1)), [workbench]);
  return workbench;
}

/** Hidden tabs have no frames, and need none; but what waits for them may not be lost. */
function nextFrame(then: () => void): void {
  if (document.hidden) setTimeout(then, 250);
  else requestAnimationFrame(then);
}
