import { useLiveState } from '../data/use-live.ts';
import { Loading, Note } from './controls.tsx';

export interface LiveNoteProps {
  /** Something has come, so that what is shown is at least as it was last. */
  readonly known: boolean;
  /** What is waited for, for who cannot see it. */
  readonly waitingFor: string;
}

/** That live data has not come yet, or comes no more: what stands still must not look alive. Nothing where all is well. */
export function LiveNote({ known, waitingFor }: LiveNoteProps) {
  const state = useLiveState();
  if (state === 'waiting') {
    return (
      <Note tone="bad">
        The broker does not answer. Is it running? {known ? 'What is below is how it was last. ' : ''}This page tries
        again by itself.
      </Note>
    );
  }
  return known ? null : <Loading label={waitingFor} />;
}
