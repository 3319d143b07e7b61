import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { live } from '../data/use-live.ts';
import { type TopicReading, TopicValues } from './topic-values.ts';

/** What all widgets of this page know. */
export const topicValues = new TopicValues({
  want: (interest, handle) => live.want(interest, handle),
  now: () => Date.now(),
  later: (then) => setTimeout(then, 10),
  muchLater: (then) => setTimeout(then, 2000),
});

/** The last message of a topic; draws again with each. @param topic '' or null = nothing */
export function useTopic(topic: string | null): TopicReading | undefined {
  const [, draw] = useReducer((round: number) => round + 1, 0);
  useEffect(() => {
    if (topic === null || topic === '') return undefined;
    draw(undefined);
    return topicValues.watch(topic, () => draw(undefined));
  }, [topic]);
  return topic === null ? undefined : topicValues.get(topic);
}

/** Calls `handle` with what is known of each topic, and with every message: for widgets that keep data of their own. */
export function useTopicMessages(
  topics: readonly string[],
  handle: (topic: string, reading: TopicReading) => void,
): void {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const tell = (topic: string): void => {
      const reading = topicValues.get(topic);
      if (reading !== undefined) latest.current(topic, reading);
    };
    const given = [...new Set(topics)].filter((topic) => topic !== '');
    for (const topic of given) tell(topic);
    const ends = given.map((topic) => topicValues.watch(topic, () => tell(topic)));
    return () => {
      for (const end of ends) end();
    };
  }, [topics.join('\n')]);
}

/** Width and height of an element in pixels, as it is now. */
export function useSize<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current!;
    const observer = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size] as const;
}
