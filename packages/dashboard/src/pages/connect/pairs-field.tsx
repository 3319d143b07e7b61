import { Button } from '../../ui/controls.tsx';
import type { Pair } from './connection-form.ts';

export interface PairsFieldProps {
  /** What the pairs belong to: `User properties`. */
  readonly label: string;
  readonly pairs: readonly Pair[];
  readonly onChange: (pairs: readonly Pair[]) => void;
}

/** Names and values, as many as the user wants; a name may stand there more than once. */
export function PairsField({ label, pairs, onChange }: PairsFieldProps) {
  const put = (at: number, pair: Pair): void => onChange(pairs.map((one, i) => (i === at ? pair : one)));
  return (
    <fieldset class="connect-pairs">
      <legend class="field-label">{label}</legend>
      {pairs.map(([name, value], at) => (
        // A pair has nothing else that tells it from the next.
        <div key={at} class="connect-pair">
          <input
            class="input"
            aria-label={`${label}: name ${at + 1}`}
            placeholder="name"
            value={name}
            onInput={(event) => put(at, [event.currentTarget.value, value])}
          />
          <input
            class="input"
            aria-label={`${label}: value ${at + 1}`}
            placeholder="value"
            value={value}
            onInput={(event) => put(at, [name, event.currentTarget.value])}
          />
          <Button
            kind="quiet"
            icon="trash"
            label={`Remove ${name || `pair ${at + 1}`}`}
            onClick={() => onChange(pairs.filter((_, i) => i !== at))}
          />
        </div>
      ))}
      <Button small icon="plus" onClick={() => onChange([...pairs, ['', '']])}>
        Add a property
      </Button>
    </fieldset>
  );
}
