/** How two topic filters (MQTT 5.0 section 4.7) relate to each other: what they have in common, and which is wider. */

/** Whether a filter whose first level is a wildcard meets one that asks for topics of the server. // [MQTT-4.7.2-1] */
const wildcardMeetsDollar = (wildcard: string, other: string): boolean =>
  (wildcard === '+' || wildcard === '#') && other.startsWith('$');

/**
 * Whether some topic name matches both filters. Both must be valid; of a shared subscription pass the filter part.
 *
 * @example filtersOverlap('a/+/c', 'a/b/#') // true
 */
export function filtersOverlap(a: string, b: string): boolean {
  const first = a.split('/');
  const second = b.split('/');
  if (wildcardMeetsDollar(first[0]!, second[0]!) || wildcardMeetsDollar(second[0]!, first[0]!)) return false;
  for (let at = 0; ; at++) {
    const one = first[at];
    const other = second[at];
    if (one === '#' || other === '#') return !(at === 1 && isEmptyParent(first, second));
    if (one === undefined || other === undefined) return one === other;
    if (one !== other && one !== '+' && other !== '+') return false;
  }
}

/**
 * Whether every topic name that matches `narrow` matches `wide` too. Both must be valid; of a shared subscription pass
 * the filter part.
 *
 * @example filterCovers('a/#', 'a/+/c') // true
 * @example filterCovers('#', '$SYS/#') // false
 */
export function filterCovers(wide: string, narrow: string): boolean {
  const outer = wide.split('/');
  const inner = narrow.split('/');
  if (wildcardMeetsDollar(outer[0]!, inner[0]!)) return false;
  for (let at = 0; ; at++) {
    const one = outer[at];
    const other = inner[at];
    if (one === '#') return true;
    if (other === '#') return one === '+' && outer[at + 1] === '#' && !hasParent(inner, at);
    if (one === undefined || other === undefined) return one === other;
    if (one !== '+' && one !== other) return false;
  }
}

/** Whether the one topic that a filter ended at and the parent level of the other's '#' share is the empty one, which is none. // [MQTT-4.7.3-1] */
const isEmptyParent = (a: readonly string[], b: readonly string[]): boolean =>
  (a.length === 1 || b.length === 1) && (a[0] === '' || b[0] === '');

/**
 * Whether the `#` at this level has a parent level that is a topic. Where it has none, `+/#` in its place is as wide:
 * every topic has a first level, and only a longer one begins with an empty level.
 */
const hasParent = (levels: readonly string[], at: number): boolean => at > 1 || (at === 1 && levels[0] !== '');
