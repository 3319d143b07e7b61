import type { WidgetOf } from '@cauldron/broker/admin-api';
import { textReading } from './reading.ts';
import { useTopic } from './use-topic.ts';
import { Age, Missing, missingOf } from './widget-parts.tsx';

/** A note, or the last message as text. */
export function TextWidget({ widget: { source, text } }: { readonly widget: WidgetOf<'text'> }) {
  const last = useTopic(source?.topic ?? null);
  if (source === null) {
    if (text.trim() === '') return <Missing>nothing written yet</Missing>;
    return (
      <div class="text-note" tabIndex={0}>
        {text}
      </div>
    );
  }
  const reading = textReading(source, last);
  if (reading.state !== 'value') return missingOf(reading);
  return (
    <div class="text-value">
      <pre tabIndex={0}>{reading.value}</pre>
      <Age of={last} />
    </div>
  );
}
