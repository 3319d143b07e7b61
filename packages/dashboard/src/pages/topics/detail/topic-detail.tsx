import type { TopicRow } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { plural } from '../../../format/quantities.ts';
import { routeTo } from '../../../routing/routes.ts';
import { useMayChange } from '../../../session/use-session.ts';
import { Button, Card, Empty, Loading } from '../../../ui/controls.tsx';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { numberFrom } from '../../../values/json-path.ts';
import { payloadText } from '../../../values/payload-bytes.ts';
import { draftOf, emptyDraft, type PublishDraft } from '../actions/publish-draft.ts';
import { PayloadView } from './payload-view.tsx';
import { SeenList } from './seen-list.tsx';
import { TopicFacts } from './topic-facts.tsx';
import { useValuesSeen } from './use-values-seen.ts';

/** Why a viewer cannot press a button. */
export const READ_ONLY = 'You may look, but not change anything: your role is read only';

export interface TopicDetailProps {
  readonly topic: string;
  /** What the tree knows of it. */
  readonly row: TopicRow | undefined;
  readonly paused: boolean;
  readonly now: number;
  readonly onBack: () => void;
  readonly onPublish: (draft: PublishDraft) => void;
  readonly onRemove: (topic: string, subtree: boolean) => void;
  readonly onChart: (topic: string, path: string) => void;
  /** Shows it among its levels; absent = it is. */
  readonly onShowInTree?: () => void;
  /** Another number = something was deleted or brought back. */
  readonly changes: number;
}

/** Everything about one topic. */
export function TopicDetail(props: TopicDetailProps) {
  const { topic, row, paused, now, onBack, onPublish, onRemove, onChart, onShowInTree, changes } = props;
  const seen = useValuesSeen(topic, paused);
  const [baseId, setBaseId] = useState<number>();
  const { current, messages } = seen;
  // What others delete is not told, but the tree shows it.
  const isInTree = row === undefined ? undefined : row.value !== null;
  const isRetained = row?.value?.retain;
  useEffect(() => seen.refresh(), [changes, isInTree, isRetained]);

  const base = messages.find(({ id }) => id === baseId) ?? messages[1];
  return (
    <Card
      class="topics-detail"
      title={
        <span class="topics-detail-title">
          <Button small kind="quiet" icon="left" label="Back to the tree" onClick={onBack} />
          <span class="topics-detail-name">{topic}</span>
          <CopyButton text={topic} label="Copy the topic" />
        </span>
      }
      actions={<Button small kind="quiet" icon="close" label="Close the details" onClick={onBack} />}
    >
      <div class="stack">
        <DetailActions
          {...{ topic, onPublish, onRemove, onShowInTree }}
          value={current ?? null}
          below={row === undefined ? null : row.topics}
        />
        {current === undefined && <Loading label="asking for the last message" />}
        {current === null && <NothingHere row={row} />}
        {current !== null && current !== undefined && (
          <>
            <PayloadView value={current} seen={seen} base={base} onChart={(path) => onChart(topic, path)} />
            <div class="button-row">
              <CopyButton text={payloadText(current.payload)} label="Copy the value">
                Copy the value
              </CopyButton>
              {numberFrom(payloadText(current.payload), '') !== undefined && (
                <Button small icon="chart" onClick={() => onChart(topic, '')}>
                  Add to chart
                </Button>
              )}
            </div>
            <TopicFacts value={current} now={now} />
            {messages.length > 1 && (
              <SeenList
                messages={messages}
                base={base?.id}
                now={now}
                onBase={current.kind === 'json' ? setBaseId : null}
              />
            )}
          </>
        )}
      </div>
    </Card>
  );
}

interface DetailActionsProps extends Pick<TopicDetailProps, 'topic' | 'onPublish' | 'onRemove'> {
  readonly value: Parameters<typeof draftOf>[0] | null;
  /** Topics below; null = not known. */
  readonly below: number | null;
  readonly onShowInTree: (() => void) | undefined;
}

function DetailActions({ topic, value, below, onPublish, onRemove, onShowInTree }: DetailActionsProps) {
  const mayChange = useMayChange();
  const isRetained = value?.retain === true;
  const isSystem = topic.startsWith('$SYS');
  const draft = value === null ? null : draftOf(value);
  const reason = !mayChange ? READ_ONLY : isSystem ? 'Topics below $SYS belong to the broker' : undefined;
  const because = (other: string | undefined): { disabled?: boolean; title?: string } => {
    const why = reason ?? other;
    return why === undefined ? {} : { disabled: true, title: why };
  };
  const nothing = isRetained ? undefined : 'Nothing is retained on this topic';
  return (
    <div class="button-row">
      <Button small icon="send" {...because(undefined)} onClick={() => onPublish(emptyDraft(topic))}>
        Publish
      </Button>
      <Button
        small
        icon="edit"
        {...because(nothing ?? (draft === null ? 'The message is too large to be edited here' : undefined))}
        onClick={() => draft !== null && onPublish(draft)}
      >
        Edit
      </Button>
      <Button small kind="danger" icon="trash" {...because(nothing)} onClick={() => onRemove(topic, false)}>
        Delete
      </Button>
      {below !== 0 && (
        <Button small kind="danger" icon="trash" {...because(undefined)} onClick={() => onRemove(topic, true)}>
          Delete all below
        </Button>
      )}
      {!isSystem && (
        <a
          class="button small-button"
          href={routeTo(['clients'], { tab: 'receivers', topic, qos: String(value?.qos ?? 1) })}
        >
          Who gets this?
        </a>
      )}
      {onShowInTree !== undefined && (
        <Button small icon="topics" onClick={onShowInTree}>
          Show in the tree
        </Button>
      )}
    </div>
  );
}

function NothingHere({ row }: { readonly row: TopicRow | undefined }) {
  if (row !== undefined && row.topics > 0) {
    return (
      <Empty icon="topics">
        No message is on this level itself; {plural(row.topics, 'topic')} {row.topics === 1 ? 'is' : 'are'} below it.
      </Empty>
    );
  }
  return <Empty>Nothing is retained here and nothing came yet. What is published here appears at once.</Empty>;
}
