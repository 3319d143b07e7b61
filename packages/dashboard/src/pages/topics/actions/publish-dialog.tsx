import type { PublishResult } from '@cauldron/broker/admin-api';
import { useState } from 'preact/hooks';
import { post } from '../../../data/api.ts';
import { asFailure } from '../../../data/use-resource.ts';
import { Button, Check, Note, SelectField, TextField } from '../../../ui/controls.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { draftProblems, type PayloadFormat, type PublishDraft, requestOf } from './publish-draft.ts';

export interface PublishDialogProps {
  readonly draft: PublishDraft;
  /** It takes the place of a retained message. */
  readonly isEdit: boolean;
  readonly onClose: () => void;
  readonly onPublished: () => void;
}

interface Outcome {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly text: string;
}

const FORMATS: readonly (readonly [PayloadFormat, string])[] = [
  ['text', 'Text'],
  ['json', 'JSON, checked'],
  ['base64', 'Bytes, as base64'],
];

/** Writes a message and publishes it; it stays open, since one is often followed by another. */
export function PublishDialog({ draft: first, isEdit, onClose, onPublished }: PublishDialogProps) {
  const [draft, setDraft] = useState(first);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<PublishDraft>): void => {
    setDraft({ ...draft, ...part });
    setOutcome(null);
  };
  const problems = draftProblems(draft);
  const said = (problem: string | undefined): string | undefined => (tried ? problem : undefined);
  const publish = async (): Promise<void> => {
    setTried(true);
    if (busy || Object.keys(problems).length > 0) return;
    setBusy(true);
    try {
      const { reasonCode, message } = await post<PublishResult>('/publish', requestOf(draft));
      setOutcome({ tone: reasonCode >= 0x80 ? 'bad' : 'good', text: message });
      onPublished();
    } catch (error) {
      setOutcome({ tone: 'bad', text: asFailure(error).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={isEdit ? 'Edit the retained message' : 'Publish a message'}
      onClose={onClose}
      onSubmit={() => void publish()}
      actions={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" kind="primary" icon="send" disabled={busy}>
            {isEdit ? 'Publish in its place' : 'Publish'}
          </Button>
        </>
      }
    >
      <TextField
        label="Topic"
        mono
        autofocus={draft.topic === ''}
        value={draft.topic}
        placeholder="house/kitchen/light"
        error={said(problems.topic)}
        onInput={(topic) => change({ topic })}
      />
      <TextField
        label="Payload"
        lines={4}
        autofocus={draft.topic !== ''}
        value={draft.payload}
        error={said(problems.payload)}
        hint={
          draft.payload === '' && draft.retain ? 'Empty and retained: this deletes the retained message.' : undefined
        }
        onInput={(payload) => change({ payload })}
      />
      <div class="fields">
        <SelectField
          label="Payload is"
          value={draft.format}
          options={FORMATS}
          onChange={(format) => change({ format })}
        />
        <SelectField
          label="QoS"
          value={String(draft.qos) as '0' | '1' | '2'}
          options={[
            ['0', '0, at most once'],
            ['1', '1, at least once'],
            ['2', '2, exactly once'],
          ]}
          onChange={(qos) => change({ qos: Number(qos) as 0 | 1 | 2 })}
        />
      </div>
      <Check
        label="Retain: the broker keeps it, and new subscribers get it at once"
        checked={draft.retain}
        onChange={(retain) => change({ retain })}
      />
      <div class="fields">
        <TextField
          label="Expires after, seconds"
          value={draft.expiry}
          placeholder="never"
          error={said(problems.expiry)}
          onInput={(expiry) => change({ expiry })}
        />
        <TextField
          label="Content type"
          value={draft.contentType}
          placeholder="such as application/json"
          onInput={(contentType) => change({ contentType })}
        />
      </div>
      {outcome !== null && <Note tone={outcome.tone}>{outcome.text}</Note>}
    </Dialog>
  );
}
