import { topicLevels, utf8Length } from '@cauldron/protocol';
import type { Metrics } from '../metrics.ts';
import type { CoreOptions } from '../options.ts';

/** Why a topic name or filter exceeds the limits, or null. */
export function topicProblem(
  broker: { readonly options: CoreOptions; readonly metrics: Metrics },
  topic: string,
): string | null {
  const { maxTopicLength, maxTopicLevels } = broker.options.limits;
  // A UTF-16 unit takes at most three bytes, so short ones need no counting.
  const tooLong = topic.length * 3 > maxTopicLength && utf8Length(topic) > maxTopicLength;
  if (!tooLong && topicLevels(topic) <= maxTopicLevels) return null;
  broker.metrics.topicsOverLimit += 1;
  return tooLong
    ? `a topic may have ${maxTopicLength} bytes (limits.maxTopicLength), this one has ${utf8Length(topic)}`
    : `a topic may have ${maxTopicLevels} levels (limits.maxTopicLevels), this one has ${topicLevels(topic)}`;
}
