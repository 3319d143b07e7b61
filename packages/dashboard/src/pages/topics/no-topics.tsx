import type { Overview } from '@cauldron/broker/admin-api';
import { useResource } from '../../data/use-resource.ts';
import { useMayChange } from '../../session/use-session.ts';
import { Button, Empty } from '../../ui/controls.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { tryCommands } from '../overview/try-commands.ts';
import { emptyDraft, type PublishDraft } from './actions/publish-draft.ts';

/** Nothing is retained and nothing has come: how to get something. */
export function NoTopics({ onPublish }: { readonly onPublish: (draft: PublishDraft) => void }) {
  const { data } = useResource<Overview>('/overview');
  const mayChange = useMayChange();
  const commands = tryCommands(data?.listeners ?? [], location.hostname).map(({ publish }) => publish);
  return (
    <Empty icon="topics">
      <div class="stack topics-none">
        <p>
          Nothing is retained, and nothing was published since this page looks. As soon as a message comes, its topic is
          here.
        </p>
        {commands.map((command) => (
          <div key={command} class="topics-command">
            <code>{command}</code>
            <CopyButton text={command} label={`Copy: ${command}`} />
          </div>
        ))}
        {mayChange && (
          <div>
            <Button
              icon="send"
              onClick={() => onPublish({ ...emptyDraft('kitchen/soup'), payload: 'ready', retain: true })}
            >
              Publish a first message
            </Button>
          </div>
        )}
      </div>
    </Empty>
  );
}
