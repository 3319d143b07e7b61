import type { ClientRow, Page } from '@cauldron/broker/admin-api';
import { useEffect, useId, useState } from 'preact/hooks';
import { search } from '../../data/api.ts';
import { useResource } from '../../data/use-resource.ts';
import { Field } from '../../ui/controls.tsx';

/** Milliseconds without a key until clients are looked for. */
const TYPED = 200;
/** Clients that are suggested. */
const MOST = 20;

export interface ClientIdFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** A client identifier, with those of known clients to choose from. */
export function ClientIdField({ label, hint, value, onInput }: ClientIdFieldProps) {
  const [asked, setAsked] = useState(value);
  const listId = useId();
  useEffect(() => {
    const timer = setTimeout(setAsked, TYPED, value);
    return () => clearTimeout(timer);
  }, [value]);
  // Without suggestions one types the whole identifier: no reason to speak of a failure.
  const { data } = useResource<Page<ClientRow>>(`/clients${search({ search: asked.slice(0, 256), limit: MOST })}`);
  return (
    <Field label={label} hint={hint}>
      {(input) => (
        <>
          <input
            {...input}
            class="input mono"
            list={listId}
            value={value}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            onInput={(event) => onInput(event.currentTarget.value)}
          />
          <datalist id={listId}>
            {data?.items.map(({ clientId, username }) => (
              <option key={clientId} value={clientId}>
                {username ?? ''}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
