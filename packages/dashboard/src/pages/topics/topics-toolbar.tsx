import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useMayChange } from '../../session/use-session.ts';
import { Badge, Button } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { READ_ONLY } from './detail/topic-detail.tsx';

/** Milliseconds after the last key until it is searched. */
const SEARCH_AFTER = 200;

export interface TopicsToolbarProps {
  /** How many topics there are, and how much flows. */
  readonly counts: string;
  readonly search: string;
  readonly system: boolean;
  readonly paused: boolean;
  readonly isCharting: boolean;
  /** Lines of the chart. */
  readonly lines: number;
  /** Deletions that can be undone. */
  readonly removals: number;
  readonly onSearch: (text: string) => void;
  readonly onSystem: (system: boolean) => void;
  readonly onPause: () => void;
  readonly onChart: () => void;
  readonly onRemovals: () => void;
  readonly onPublish: () => void;
  readonly onOpenLevel: () => void;
  readonly onCloseAll: () => void;
}

/** The head of the page: what is shown, and how. */
export function TopicsToolbar(props: TopicsToolbarProps) {
  const { counts, search, system, paused, isCharting, lines, removals } = props;
  const mayChange = useMayChange();
  return (
    <>
      <div class="page-head topics-head">
        <h1>Topics</h1>
        <span class="muted">{counts}</span>
        {paused && (
          <span role="status">
            <Badge tone="warn">paused</Badge>
          </span>
        )}
        <div class="button-row">
          {removals > 0 && (
            <Button icon="undo" onClick={props.onRemovals}>
              <Wide>Deleted lately</Wide> ({removals})
            </Button>
          )}
          <Button icon="chart" pressed={isCharting} onClick={props.onChart}>
            <Wide>Chart</Wide>
            {lines > 0 && ` (${lines})`}
          </Button>
          <Button
            icon="send"
            kind="primary"
            disabled={!mayChange}
            {...(mayChange ? {} : { title: READ_ONLY })}
            onClick={props.onPublish}
          >
            Publish
          </Button>
        </div>
      </div>
      <div class="topics-tools">
        <SearchBox search={search} onSearch={props.onSearch} />
        <div class="button-row">
          <Button icon={paused ? 'play' : 'pause'} pressed={paused} onClick={props.onPause}>
            <Wide>{paused ? 'Resume' : 'Pause'}</Wide>
          </Button>
          <Button icon="plus" disabled={search !== ''} title="Opens one more level" onClick={props.onOpenLevel}>
            <Wide>Expand</Wide>
          </Button>
          <Button icon="minus" disabled={search !== ''} title="Closes all levels" onClick={props.onCloseAll}>
            <Wide>Collapse</Wide>
          </Button>
          <Button pressed={system} title="What the broker says of itself" onClick={() => props.onSystem(!system)}>
            $SYS
          </Button>
        </div>
      </div>
    </>
  );
}

/** A text for which there is no room on a phone, where it is for screen readers only. */
const Wide = ({ children }: { readonly children: ComponentChildren }) => <span class="topics-wide">{children}</span>;

function SearchBox({ search, onSearch }: Pick<TopicsToolbarProps, 'search' | 'onSearch'>) {
  const [text, setText] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (next: string): void => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(next.trim()), SEARCH_AFTER);
  };
  return (
    <div class="topics-search">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        aria-label="Search topics and values"
        placeholder="Search topics and values"
        value={text}
        maxLength={256}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') change('');
        }}
      />
    </div>
  );
}
