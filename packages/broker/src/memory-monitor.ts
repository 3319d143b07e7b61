import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { MemoryPressureLevel } from '@cauldron/core';

/** Shares of what may be used at which a level begins, and how far below it has to be before the level ends. */
const HIGH = 0.8;
const CRITICAL = 0.95;
const HYSTERESIS = 0.05;
/** Share of the machine's memory, or of the container's, that is used by default. */
const DEFAULT_SHARE = 0.75;

/** What the broker's memory is measured by, bytes. */
export interface MemoryUse {
  /** Live and not yet collected objects of JavaScript. */
  readonly heapUsed: number;
  /** Bytes outside the heap that objects in it hold: buffers, and with them messages. */
  readonly external: number;
  /** How far V8 lets the heap grow before it ends the process (`--max-old-space-size`). */
  readonly heapLimit: number;
}

/** As {@link process.memoryUsage} has it, without the part that asks the system: a few microseconds. */
export function memoryUse(): MemoryUse {
  const { used_heap_size: heapUsed, external_memory: external, heap_size_limit: heapLimit } = getHeapStatistics();
  return { heapUsed, external, heapLimit };
}

/**
 * Bytes the broker may use where nobody said: three quarters of what the process may have, which is what the container
 * allows where it runs in one, and else what the machine has. The rest is for what is not counted: the store's thread and
 * its cache, the buffers of the network, code, and what the allocator cannot give back.
 *
 * V8's own limit of the heap is none of these, since most of what a broker holds lies outside the heap: it is watched on
 * its own.
 */
export function defaultMaxMemory(
  machine = totalmem(),
  container: number | undefined = process.constrainedMemory(),
): number {
  // Without a limit the system says 0, or a number beyond every machine.
  const available = container === undefined || container <= 0 ? machine : Math.min(container, machine);
  return Math.floor(available * DEFAULT_SHARE);
}

export interface MemoryMonitorOptions {
  /** Bytes of heap and buffers the broker may use; {@link defaultMaxMemory} where it is left out. */
  readonly maxMemory?: number | undefined;
  /** Milliseconds between two looks; default: at every tick. */
  readonly interval?: number;
  /** Where the numbers come from; for tests. */
  readonly measure?: () => MemoryUse;
}

/** What was found when the level changed. */
export interface MemoryFinding {
  readonly level: MemoryPressureLevel;
  /** Share of the limit that is in use; above 1 = more than there should be. */
  readonly share: number;
  /** What is short and what to do, for people. */
  readonly message: string;
}

/**
 * Watches how much of the memory it may have the broker uses, and says when that becomes too much.
 *
 *     share   |  critical  ----------- 95 %   ends below 90 %
 *             |  high      ----------- 80 %   ends below 75 %
 *             |  none
 *
 * The share is the larger of two: heap and buffers of `maxMemory`, and the heap alone of what V8 lets it grow to, at which
 * it would end the process whatever else is free.
 */
export class MemoryMonitor {
  /** Bytes the broker may use. */
  readonly maxMemory: number;
  readonly #changed: (finding: MemoryFinding) => void;
  readonly #measure: () => MemoryUse;
  readonly #interval: number;
  #level: MemoryPressureLevel = 'none';
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param changed called when the level has changed, with what was found */
  constructor(changed: (finding: MemoryFinding) => void, options: MemoryMonitorOptions = {}) {
    this.maxMemory = options.maxMemory ?? defaultMaxMemory();
    this.#changed = changed;
    this.#measure = options.measure ?? memoryUse;
    this.#interval = options.interval ?? 0;
  }

  get level(): MemoryPressureLevel {
    return this.#level;
  }

  /** Looks, where the interval is over. `now` in milliseconds. */
  tick(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = now + this.#interval;
    const use = this.#measure();
    const ofAll = (use.heapUsed + use.external) / this.maxMemory;
    const ofHeap = use.heapUsed / use.heapLimit;
    const share = Math.max(ofAll, ofHeap);
    const level = levelOf(share, this.#level);
    if (level === this.#level) return;
    this.#level = level;
    this.#changed({ level, share, message: ofHeap > ofAll ? heapMessage(use) : this.#message(use) });
  }

  #message({ heapUsed, external }: MemoryUse): string {
    const used = `${mebibytes(heapUsed + external)} of ${mebibytes(this.maxMemory)} MiB of memory are in use (limits.maxMemory)`;
    return `${used}; have fewer messages wait or retained, raise limits.maxMemory, or give the broker a larger machine`;
  }
}

function heapMessage({ heapUsed, heapLimit }: MemoryUse): string {
  const used = `${mebibytes(heapUsed)} of ${mebibytes(heapLimit)} MiB of JavaScript heap are in use`;
  return `${used}; have fewer sessions and subscriptions, or start with NODE_OPTIONS=--max-old-space-size=<MiB>`;
}

/** The level of a share, where a level that holds ends only somewhat below where it began. */
function levelOf(share: number, before: MemoryPressureLevel): MemoryPressureLevel {
  const critical = before === 'critical' ? CRITICAL - HYSTERESIS : CRITICAL;
  if (share >= critical) return 'critical';
  const high = before === 'none' ? HIGH : HIGH - HYSTERESIS;
  return share >= high ? 'high' : 'none';
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1_048_576);
