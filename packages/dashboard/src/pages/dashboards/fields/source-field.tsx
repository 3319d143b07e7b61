import type { Source } from '@cauldron/broker/admin-api';
import { TextField } from '../../../ui/controls.tsx';
import { noMessage, textReading } from '../../../widgets/reading.ts';
import { useTopic } from '../../../widgets/use-topic.ts';
import { pathsIn } from '../json-paths.ts';
import { topicProblem } from '../problems.ts';
import { TopicField } from './topic-field.tsx';

/** Paths to choose from. */
const OFFERED = 12;

export interface SourceFieldProps {
  readonly label?: string;
  readonly value: Source;
  readonly onChange: (source: Source) => void;
  readonly topicError?: string | undefined;
  readonly pathError?: string | undefined;
  readonly autofocus?: boolean;
  /** The payload as a whole is all there is. */
  readonly whole?: boolean;
}

/** A topic, and where in its payload the value is; with what it gives now. */
export function SourceField(props: SourceFieldProps) {
  const { label = 'Topic', value, onChange, topicError, pathError, autofocus = false, whole = false } = props;
  const { topic, path } = value;
  const last = useTopic(topicProblem(topic) === undefined ? topic : null);
  const paths = last === undefined || last.value.payload.encoding === 'base64' ? [] : pathsIn(last.value.payload.data);
  return (
    <div class="dashboards-source">
      <TopicField
        label={label}
        value={topic}
        onInput={(next) => onChange({ ...value, topic: next })}
        error={topicError}
        autofocus={autofocus}
      />
      {!whole && (
        <TextField
          label="Where in its JSON"
          value={path}
          onInput={(next) => onChange({ ...value, path: next })}
          hint={
            paths.length > 0
              ? 'Choose one of those below, or leave it empty: the whole payload'
              : 'Empty: the whole payload'
          }
          error={pathError}
          placeholder="$.temperature"
          mono
        />
      )}
      {!whole && paths.length > 0 && (
        <ul class="dashboards-paths" aria-label="Values in the last message">
          {paths.slice(0, OFFERED).map((one) => (
            <li key={one}>
              <button
                type="button"
                class="dashboards-path"
                aria-pressed={one === path}
                onClick={() => onChange({ ...value, path: one })}
              >
                {one}
              </button>
            </li>
          ))}
        </ul>
      )}
      {!whole && topic !== '' && topicError === undefined && (
        <p class="dashboards-now" role="status">
          {last === undefined ? noMessage(topic) : <Now source={value} />}
        </p>
      )}
    </div>
  );
}

function Now({ source }: { readonly source: Source }) {
  const reading = textReading(source, useTopic(source.topic));
  if (reading.state !== 'value') return <span class="dashboards-now-problem">{reading.problem}</span>;
  return (
    <>
      now: <code>{reading.value === '' ? '(empty)' : reading.value.slice(0, 200)}</code>
    </>
  );
}
