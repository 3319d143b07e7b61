import type { Command, Source, Widget } from '@cauldron/broker/admin-api';
import { hasWildcard, isShared, topicFilterProblem, topicNameProblem } from '@cauldron/protocol';
import { pathProblem } from '../../values/json-path.ts';

/** What is wrong with fields of a widget, by their names (`source.topic`, `series.0.source.path`). */
export type Problems = Readonly<Record<string, string>>;

/** What has to be put right before a widget can be saved. */
export function problemsOf(widget: Widget): Problems {
  const found: Record<string, string> = {};
  const say = (field: string, problem: string | undefined): void => {
    if (problem !== undefined) found[field] = problem;
  };
  const source = (field: string, { topic, path }: Source): void => {
    say(`${field}.topic`, topicProblem(topic));
    say(`${field}.path`, pathProblem(path));
  };
  const command = ({ topic }: Command): void => say('command.topic', topicProblem(topic));
  if ('source' in widget && widget.source !== null) source('source', widget.source);
  if ('command' in widget) command(widget.command);
  if ('feedback' in widget && widget.feedback !== null) source('feedback', widget.feedback);
  if (widget.type === 'chart') {
    for (const [index, one] of widget.series.entries()) source(`series.${index}.source`, one.source);
  }
  if (widget.type === 'log') say('filter', filterProblem(widget.filter));
  if ('min' in widget && widget.min !== null && widget.max !== null && widget.min >= widget.max) {
    found.max = 'Has to be larger than the lowest value';
  }
  if (widget.type === 'slider' && !(widget.step > 0)) found.step = 'Has to be larger than zero';
  return found;
}

/** Why a text is no topic a widget can show or publish to. */
export function topicProblem(topic: string): string | undefined {
  if (topic === '') return 'Say which topic';
  if (hasWildcard(topic)) return 'One topic, without + and #: a widget shows one value';
  return sentence(topicNameProblem(topic)) ?? tooLong(topic);
}

function filterProblem(filter: string): string | undefined {
  if (filter === '') return 'Say which topics: one, or many with + and #';
  if (isShared(filter)) return 'A shared subscription would take messages away from others';
  return sentence(topicFilterProblem(filter)) ?? tooLong(filter);
}

const tooLong = (topic: string): string | undefined =>
  topic.length > 1024 ? 'Longer than 1024 characters, which no widget takes' : undefined;

const sentence = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : text.slice(0, 1).toUpperCase() + text.slice(1);
