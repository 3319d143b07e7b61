/** Publishes match exactly this many subscriptions. */
export const MATCHES = 10;

/** The topic number `n`; every topic has its own last level, which alone tells it from all others. */
export function topicName(n: number): string {
  return `bench/${n % 100}/${Math.floor(n / 100) % 100}/t${n}`;
}

/** One of the ten filters that match topic `n` and no other topic: five exact ones, five with wildcards. */
export function filterFor(n: number, which: number): string {
  const [area, group] = [n % 100, Math.floor(n / 100) % 100];
  switch (which) {
    case 5:
      return `bench/+/${group}/t${n}`;
    case 6:
      return `bench/${area}/+/t${n}`;
    case 7:
      return `+/${area}/${group}/t${n}`;
    case 8:
      return `bench/+/+/t${n}`;
    case 9:
      return `bench/${area}/${group}/t${n}/#`;
    default:
      return topicName(n);
  }
}

/** The filters of client `client` out of `clients`: subscription s belongs to topic s / 10 and client s % clients. */
export function* filtersOf(client: number, clients: number, subscriptions: number): Generator<string> {
  for (let s = client; s < subscriptions; s += clients) yield filterFor(Math.floor(s / MATCHES), s % MATCHES);
}

/** A small seeded generator of evenly spread numbers below `limit`, so that every broker meets the same sequence. */
export function spread(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

/** Topic and filter of durable session `n`. All names are of one length, so that all messages are. */
export function sessionTopic(n: number): string {
  return `bench/${String(n).padStart(7, '0')}`;
}

/**
 * The numbers of the topics of publisher `which` out of `publishers`: every topic has one publisher, or, where there are
 * fewer topics than publishers, every publisher one topic.
 */
export function topicsOf(which: number, publishers: number, topics: number): number[] {
  if (topics < publishers) return [which % topics];
  return Array.from({ length: Math.ceil((topics - which) / publishers) }, (_, i) => which + i * publishers);
}

/** Messages to topic `n` when publisher i has sent `sent[i]`, each going through its topics in turn. */
export function messagesTo(n: number, sent: readonly number[], topics: number): number {
  return sent.reduce((sum, count, i) => {
    const own = topicsOf(i, sent.length, topics);
    const at = own.indexOf(n);
    return at < 0 ? sum : sum + Math.ceil(Math.max(0, count - at) / own.length);
  }, 0);
}

/** What a subscriber asks for to get all of `manyTopics`. */
export const MANY_FILTER = 'bench/many/+';

/** The names of many topics, all of one length. */
export function manyTopics(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `bench/many/${String(i).padStart(6, '0')}`);
}
