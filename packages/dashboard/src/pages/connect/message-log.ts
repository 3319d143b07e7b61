import { matchTopic, type Properties, type QoS, topicFilterProblem } from '@cauldron/protocol';
import type { Color } from './colors.ts';
import { textOf } from './payload.ts';

/** A message that came. */
export interface LogEntry {
  /** Rises by one with each. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly properties: Properties | undefined;
  /** Those of the subscriptions it came for. */
  readonly colors: readonly Color[];
}

/** Messages kept. */
export const MOST_MESSAGES = 1000;
/** Bytes of payloads kept, so that a page does not hold what a broker lets through. */
const MOST_BYTES = 32 * 1024 * 1024;

/** The newest messages, oldest first; lists that were handed out do not change. */
export class MessageLog {
  #entries: LogEntry[] = [];
  #handedOut = false;
  #bytes = 0;
  #total = 0;

  /** Oldest first. */
  get entries(): readonly LogEntry[] {
    this.#handedOut = true;
    return this.#entries;
  }

  /** Messages that came since it was made or cleared, those no longer kept among them. */
  get total(): number {
    return this.#total;
  }

  add(entry: Omit<LogEntry, 'id'>, id: number): void {
    this.#own();
    this.#entries.push({ ...entry, id });
    this.#total += 1;
    this.#bytes += entry.payload.length;
    let drop = Math.max(0, this.#entries.length - MOST_MESSAGES);
    for (const { payload } of this.#entries.slice(0, drop)) this.#bytes -= payload.length;
    while (this.#bytes > MOST_BYTES && drop < this.#entries.length - 1) {
      this.#bytes -= this.#entries[drop]!.payload.length;
      drop += 1;
    }
    if (drop > 0) this.#entries.splice(0, drop);
  }

  /** Another subscription matched the newest message. */
  addColor(color: Color): void {
    const last = this.#entries.at(-1);
    if (last === undefined || last.colors.includes(color)) return;
    this.#own();
    this.#entries[this.#entries.length - 1] = { ...last, colors: [...last.colors, color] };
  }

  clear(): void {
    this.#entries = [];
    this.#handedOut = false;
    this.#bytes = 0;
    this.#total = 0;
  }

  /** Copies the list once it was handed out: once for each look of the page, not for each message. */
  #own(): void {
    if (!this.#handedOut) return;
    this.#entries = this.#entries.slice();
    this.#handedOut = false;
  }
}

/** Those whose topic matches, where `text` is a filter with wildcards; otherwise those whose topic or text holds it. */
export function filtered(entries: readonly LogEntry[], text: string): readonly LogEntry[] {
  const wanted = text.trim();
  if (wanted === '') return entries;
  if (/[+#]/.test(wanted) && topicFilterProblem(wanted) === undefined) {
    return entries.filter(({ topic }) => matchTopic(wanted, topic));
  }
  const lower = wanted.toLowerCase();
  const holds = (hay: string | null): boolean => hay?.toLowerCase().includes(lower) === true;
  return entries.filter(({ topic, payload }) => holds(topic) || holds(textOf(payload)));
}

/** Each message as one line of JSON; a payload that is no text as `payloadBase64`. */
export function jsonLines(entries: readonly LogEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(exported(entry))}\n`).join('');
}

function exported({ at, topic, payload, qos, retain, dup, properties }: LogEntry): object {
  const text = textOf(payload);
  const { correlationData, ...others } = properties ?? {};
  const correlation = correlationData === undefined ? {} : { correlationDataBase64: base64(correlationData) };
  return {
    time: new Date(at).toISOString(),
    topic,
    ...(text === null ? { payloadBase64: base64(payload) } : { payload: text }),
    qos,
    retain,
    ...(dup && { dup }),
    ...(properties !== undefined && { properties: { ...others, ...correlation } }),
  };
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
