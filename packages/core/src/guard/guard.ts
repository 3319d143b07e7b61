import { ReasonCode } from '@cauldron/protocol';
import type { CoreOptions, ListenerSettings } from '../options.ts';
import type { Refusal } from '../ports.ts';
import { ConnectRates } from './connect-rates.ts';
import { HalfOpenList } from './half-open.ts';
import { CRITICAL_HALF_OPEN, type MemoryPressure } from './memory-pressure.ts';
import { Reconnects, type ReconnectsHost } from './reconnects.ts';

/** What the guard needs of the broker around it. */
export interface GuardHost extends ReconnectsHost {
  readonly options: CoreOptions;
  readonly memory: MemoryPressure;
}

/** Stands at the door: who comes too fast, too often, or says nothing, does not use up what is there for everybody. */
export class Guard {
  readonly halfOpen: HalfOpenList;
  readonly reconnects: Reconnects;
  readonly #host: GuardHost;
  readonly #rates: ConnectRates;

  constructor(host: GuardHost) {
    this.#host = host;
    this.#rates = new ConnectRates(host.metrics);
    this.halfOpen = new HalfOpenList(host.options.limits.maxHalfOpen);
    this.reconnects = new Reconnects(host);
  }

  /** Why a connection is to be closed before anything is spent on it, or null; a refusal is counted and told. */
  admit(remoteAddress: string, settings: ListenerSettings): Refusal | null {
    const { now, metrics, observer } = this.#host;
    const refusal = this.#noRoom() ?? this.#rates.check(remoteAddress, settings, now);
    if (refusal === null) return null;
    metrics.connectionsRefused += 1;
    observer.refused?.(remoteAddress, undefined, refusal);
    return refusal;
  }

  #noRoom(): Refusal | null {
    const { memory, metrics } = this.#host;
    if (!memory.critical || this.halfOpen.size < CRITICAL_HALF_OPEN) return null;
    metrics.refusedMemoryPressure += 1;
    return { reasonCode: ReasonCode.serverBusy, reason: 'the broker is short of memory; try again later' };
  }
}
