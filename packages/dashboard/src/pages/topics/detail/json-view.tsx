import { useState } from 'preact/hooks';
import { plural } from '../../../format/quantities.ts';
import { Button } from '../../../ui/controls.tsx';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { childrenOf, countChanges, isContainer, type JsonNode, jsonText, sizeOf } from '../../../values/json-tree.ts';

/** Levels that are open at first, and entries of a level that may be so. */
const OPEN_LEVELS = 3;
const OPEN_ENTRIES = 50;
/** Entries of a level that are shown at once. */
const AT_ONCE = 100;

export interface JsonViewProps {
  readonly root: JsonNode;
  /** Another document than this is marked. */
  readonly isCompared: boolean;
  /** Puts the number at a path into the chart. */
  readonly onChart: (path: string) => void;
}

/** A JSON document, level by level, with what is different marked. */
export function JsonView({ root, isCompared, onChart }: JsonViewProps) {
  const { added, removed, changed } = countChanges(root);
  const parts = [
    changed > 0 && `${changed} changed`,
    added > 0 && `${added} added`,
    removed > 0 && `${removed} removed`,
  ].filter((part) => part !== false);
  return (
    <div class="topics-json">
      {isCompared && (
        <p class="muted small" role="status">
          {parts.length === 0 ? 'The same as the one it is compared with' : parts.join(', ')}
        </p>
      )}
      <ul class="topics-json-list">
        <JsonEntry node={root} depth={0} onChart={onChart} />
      </ul>
    </div>
  );
}

interface EntryProps {
  readonly node: JsonNode;
  readonly depth: number;
  readonly onChart: (path: string) => void;
}

const MARKS = { same: '', inside: '', added: '+', removed: '−', changed: '~' } as const;
const MARK_WORDS = { added: 'added', removed: 'removed', changed: 'changed' } as const;

function JsonEntry({ node, depth, onChart }: EntryProps) {
  const { value, change, key } = node;
  const size = sizeOf(value);
  const [isOpen, setOpen] = useState(depth < OPEN_LEVELS && (size <= OPEN_ENTRIES || depth === 0));
  const [most, setMost] = useState(AT_ONCE);
  const canOpen = size > 0;
  const head = (
    <>
      <span class="topics-json-mark" aria-hidden="true">
        {MARKS[change]}
      </span>
      {change in MARK_WORDS && <span class="visually-hidden">{MARK_WORDS[change as keyof typeof MARK_WORDS]}: </span>}
      <span class={`topics-json-fold ${isOpen ? 'open' : ''}`}>{canOpen && <Icon name="chevron" size={12} />}</span>
      {key !== null && <span class="topics-json-key">{typeof key === 'number' ? `[${key}]` : key}</span>}
    </>
  );
  if (!canOpen) {
    return (
      <li class={`topics-json-entry ${change}`}>
        <div class="topics-json-line">
          {head}
          <Scalar value={value} />
          {change === 'changed' && <Before value={node.before} />}
          <LineTools node={node} onChart={onChart} />
        </div>
      </li>
    );
  }
  const children = isOpen ? childrenOf(node) : [];
  return (
    <li class={`topics-json-entry ${change}`}>
      <div class="topics-json-line">
        <button type="button" class="topics-json-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {head}
          <span class="muted">{sizeText(value)}</span>
          {change === 'inside' && !isOpen && <span class="topics-json-inside">changed</span>}
        </button>
        {change === 'changed' && <Before value={node.before} />}
        <LineTools node={node} onChart={onChart} />
      </div>
      {isOpen && (
        <ul class="topics-json-list">
          {children.slice(0, most).map((child) => (
            <JsonEntry
              key={`${child.key} ${child.change === 'removed'}`}
              node={child}
              depth={depth + 1}
              onChart={onChart}
            />
          ))}
          {children.length > most && (
            <li>
              <Button small onClick={() => setMost(most * 4)}>
                Show more of {plural(children.length, 'entry', 'entries')}
              </Button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

/** Shown where the pointer or the focus is. */
function LineTools({ node, onChart }: { readonly node: JsonNode; readonly onChart: (path: string) => void }) {
  const isNumber = typeof node.value === 'number' || typeof node.value === 'boolean';
  if (node.change === 'removed') return null;
  return (
    <span class="topics-json-tools">
      {isNumber && (
        <Button
          small
          kind="quiet"
          icon="chart"
          label={`Add ${node.path} to the chart`}
          onClick={() => onChart(node.path)}
        />
      )}
      <CopyButton text={plainText(node.value)} label={`Copy the value of ${node.path}`} />
    </span>
  );
}

const plainText = (value: unknown): string => (typeof value === 'string' ? value : jsonText(value, 2));

const Before = ({ value }: { readonly value: unknown }) => (
  <span class="topics-json-before">
    was <Scalar value={value} />
  </span>
);

const sizeText = (value: unknown): string => (Array.isArray(value) ? `[ ${value.length} ]` : `{ ${sizeOf(value)} }`);

function Scalar({ value }: { readonly value: unknown }) {
  if (isContainer(value)) {
    return <span class="muted">{sizeText(value)}</span>;
  }
  return <span class={`topics-json-${value === null ? 'null' : typeof value}`}>{jsonText(value)}</span>;
}
