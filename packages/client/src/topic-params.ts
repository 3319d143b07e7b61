/**
 * Filters with named wildcards: `rooms/+room/temp` is sent as `rooms/+/temp`, and what stands for `room` is handed over as
 * `message.params.room`; `#rest` names what a `#` takes.
 */

type Trim<Level extends string> = Level extends `+${infer Name}`
  ? Name extends ''
    ? never
    : Name
  : Level extends `#${infer Name}`
    ? Name extends ''
      ? never
      : Name
    : never;

type Names<Filter extends string> = Filter extends `${infer Level}/${infer Rest}`
  ? Trim<Level> | Names<Rest>
  : Trim<Filter>;

/** For each filter by itself. */
type ParamsOf<Filter extends string> = Filter extends string ? { readonly [Name in Names<Filter>]: string } : never;

type Several<Params, All extends string> = {
  readonly [Name in All as Name extends keyof Params ? Name : never]: string;
} & { readonly [Name in Exclude<All, keyof Params>]?: string };

type Flat<T> = { [Key in keyof T]: T[Key] };

/**
 * The parameters that a filter names; of several filters, those that not all of them name may be missing.
 * `Record<string, string>` where the filter is not known when compiling.
 *
 * @example
 * type Room = TopicParams<'rooms/+room/temp'>; // { readonly room: string }
 */
export type TopicParams<Filter extends string> = string extends Filter
  ? Readonly<Record<string, string>>
  : Flat<Several<ParamsOf<Filter>, Names<Filter>>>;

/** A filter as it is sent, and where its parameters stand. */
export interface NamedFilter {
  /** As MQTT knows it. */
  readonly filter: string;
  /** The filter that topics are matched against: without `$share/GROUP/`. */
  readonly pattern: string;
  /** Name and level of each parameter, the level counted from 0; empty = no names. */
  readonly names: readonly { readonly name: string; readonly level: number; readonly rest: boolean }[];
}

/** Takes the names out of a filter. It does not check the filter. */
export function parseNamedFilter(text: string): NamedFilter {
  const levels = text.split('/');
  const skipped = text.startsWith('$share/') ? 2 : 0;
  const names: { name: string; level: number; rest: boolean }[] = [];
  const plain = levels.map((level, i) => {
    const rest = level[0] === '#';
    if (i < skipped || level.length < 2 || (level[0] !== '+' && !rest)) return level;
    names.push({ name: level.slice(1), level: i - skipped, rest });
    return level[0]!;
  });
  return { filter: plain.join('/'), pattern: plain.slice(skipped).join('/'), names };
}

/** What stands for each name in a topic that the filter matches. */
export function paramsOf(topic: string, names: NamedFilter['names']): Record<string, string> {
  const levels = topic.split('/');
  const params: Record<string, string> = {};
  for (const { name, level, rest } of names) {
    params[name] = rest ? levels.slice(level).join('/') : (levels[level] ?? '');
  }
  return params;
}
