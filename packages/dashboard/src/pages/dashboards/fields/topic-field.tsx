import type { Page, TopicValue } from '@cauldron/broker/admin-api';
import { useEffect, useId, useState } from 'preact/hooks';
import { search } from '../../../data/api.ts';
import { useResource } from '../../../data/use-resource.ts';
import { Field } from '../../../ui/controls.tsx';

/** Milliseconds without a key until topics are looked up. */
const PAUSE = 200;
const SUGGESTED = 30;

export interface TopicFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (topic: string) => void;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly autofocus?: boolean;
}

/** A topic, with those that the broker knows. */
export function TopicField({ label, value, onInput, hint, error, placeholder, autofocus }: TopicFieldProps) {
  const listId = useId();
  const [asked, setAsked] = useState(value);
  useEffect(() => {
    const timer = setTimeout(setAsked, PAUSE, value);
    return () => clearTimeout(timer);
  }, [value]);
  // Of `sensors/+` those with `sensors/`.
  const part = asked.split(/[+#]/, 1)[0]!.slice(0, 256);
  const { data } = useResource<Page<TopicValue>>(`/topics${search({ search: part, limit: SUGGESTED })}`);
  return (
    <Field label={label} hint={hint} error={error}>
      {(input) => (
        <>
          <input
            {...input}
            class="input mono"
            value={value}
            list={listId}
            placeholder={placeholder ?? 'house/kitchen/temperature'}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            autofocus={autofocus}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
          <datalist id={listId}>
            {(data?.items ?? []).map(({ topic }) => (
              <option key={topic} value={topic} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
