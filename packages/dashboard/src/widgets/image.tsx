import type { WidgetOf } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { search } from '../data/api.ts';
import { imageSource } from './image-source.ts';
import { noMessage } from './reading.ts';
import { useTopic } from './use-topic.ts';
import { Age, Missing } from './widget-parts.tsx';

/** The last picture of a topic. */
export function ImageWidget({ widget, name }: { readonly widget: WidgetOf<'image'>; readonly name: string }) {
  const { source, fit } = widget;
  const last = useTopic(source.topic);
  const [shown, setShown] = useState<{ url: string | null; problem: string }>({ url: null, problem: '' });
  useEffect(() => {
    if (last === undefined) return undefined;
    // The moment keeps the browser from showing an older one that it has.
    const whole = `/api/v1/topics/payload${search({ topic: source.topic, at: last.at ?? undefined })}`;
    const found = imageSource(last.value, whole);
    if ('problem' in found) return void setShown({ url: null, problem: found.problem });
    if ('url' in found) return void setShown({ url: found.url, problem: '' });
    const url = URL.createObjectURL(new Blob([found.bytes], { type: found.mediaType }));
    setShown({ url, problem: '' });
    return () => URL.revokeObjectURL(url);
  }, [last?.value]);
  if (last === undefined) return <Missing>{noMessage(source.topic)}</Missing>;
  if (shown.url === null) return <Missing>{shown.problem}</Missing>;
  return (
    <div class="image">
      <img
        class={fit}
        src={shown.url}
        alt={`${name}, last message on ${source.topic}`}
        onError={() => setShown({ url: null, problem: `the picture on ${source.topic} cannot be read` })}
      />
      <Age of={last} />
    </div>
  );
}
