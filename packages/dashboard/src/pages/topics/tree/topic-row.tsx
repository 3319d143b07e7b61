import type { TopicRow } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { perSecond, plural, wholeNumber } from '../../../format/quantities.ts';
import { Icon } from '../../../ui/icon.tsx';
import { shortAge } from './short-age.ts';

/** Pixels a level is further to the right. */
const INDENT = 16;
/** Levels beyond this are not further to the right: there would be no room for them. */
const DEEPEST = 12;

export interface TopicRowProps {
  readonly row: TopicRow;
  readonly id: string;
  /** In a search: the whole topic is shown, with this marked. */
  readonly search: string;
  readonly selected: boolean;
  /** The keys are at it. */
  readonly active: boolean;
  /** Another number = it changed just now; 0 = it did not. */
  readonly changed: number;
  readonly now: number;
  readonly onSelect: () => void;
  /** `all`: everything right below is opened too. */
  readonly onToggle: (all: boolean) => void;
}

/** A level of a topic, with what was last said on it. */
export function TopicRowView(props: TopicRowProps) {
  const { row, id, search, selected, active, changed, now, onSelect, onToggle } = props;
  const { value, depth, children, expanded } = row;
  const isFound = search !== '';
  const canOpen = children > 0 && !isFound;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the focus and the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and the keys
    <div
      id={id}
      role="treeitem"
      class={`topics-row ${active ? 'active' : ''}`}
      aria-level={depth + 1}
      aria-expanded={canOpen ? expanded : undefined}
      aria-selected={selected}
      onClick={onSelect}
    >
      {changed > 0 && <span key={changed} class="topics-flash" />}
      <span
        class="topics-name"
        style={{ paddingLeft: `${isFound ? 6 : Math.min(depth, DEEPEST) * INDENT}px` }}
        title={row.path}
      >
        {!isFound && (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
          <span
            class={`topics-expander ${canOpen ? (expanded ? 'open' : '') : 'none'}`}
            onClick={(event) => {
              if (!canOpen) return;
              event.stopPropagation();
              onToggle(event.shiftKey || event.altKey);
            }}
          >
            {canOpen && <Icon name="chevron" size={14} />}
          </span>
        )}
        <span class={`topics-level truncate ${canOpen ? 'branch' : ''}`}>
          {isFound ? <Marked text={row.path} mark={search} /> : <LevelName level={row.level} />}
        </span>
        {row.topics > 0 && !isFound && (
          <span class="topics-count" title={`${plural(row.topics, 'topic')} below`}>
            {wholeNumber(row.topics)}
          </span>
        )}
      </span>
      <span class={`topics-value truncate is-${value?.kind ?? 'nothing'}`}>
        {value === null ? '' : value.kind === 'empty' ? <i>empty</i> : value.preview}
      </span>
      <span class="topics-age">{value === null ? '' : <Age at={value.at} now={now} />}</span>
      <span class="topics-rate">{row.rate >= 0.05 ? perSecond(row.rate) : ''}</span>
      <span class="topics-qos">{value?.qos}</span>
      {value?.retain ? (
        <span class="topics-retained" role="img" aria-label="retained" title="Retained: new subscribers get it at once">
          <Icon name="pin" size={14} />
        </span>
      ) : (
        <span class="topics-retained" />
      )}
      <span class="topics-publisher truncate" title={value?.publisher ?? undefined}>
        {value?.publisher ?? ''}
      </span>
    </div>
  );
}

/** How old a message is; of a retained one from before the broker started nobody knows. */
export function Age({ at, now }: { readonly at: number | null; readonly now: number }) {
  if (at === null) return <span title="It was retained before the broker started or anybody looked">earlier</span>;
  return <>{shortAge(at, now)}</>;
}

const LevelName = ({ level }: { readonly level: string }): ComponentChildren =>
  level === '' ? <i class="muted">(empty level)</i> : level;

/** A text with what was searched for marked. */
function Marked({ text, mark }: { readonly text: string; readonly mark: string }) {
  const at = text.toLowerCase().indexOf(mark.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + mark.length)}</mark>
      {text.slice(at + mark.length)}
    </>
  );
}
