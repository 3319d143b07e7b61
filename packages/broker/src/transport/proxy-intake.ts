import { LONGEST_HEADER, type ProxySource, parseProxyHeader } from './proxy-protocol.ts';
import type { Intake } from './tcp.ts';

/** Who hears what a connection's PROXY protocol header says. */
export interface ProxyReceiver {
  /**
   * @param source the client; null = the proxy speaks for itself
   * @param rest what came behind the header, valid during the call
   */
  proxied(source: ProxySource | null, rest: Uint8Array): void;
  notProxied(reason: string): void;
}

/** Takes the bytes of a connection until its PROXY protocol header is whole; nothing is fed to it afterwards. */
export class ProxyIntake implements Intake {
  readonly #receiver: ProxyReceiver;
  /** The beginning of a header that came in pieces. */
  #held: Uint8Array | null = null;

  constructor(receiver: ProxyReceiver) {
    this.#receiver = receiver;
  }

  feed(chunk: Uint8Array, end: number): void {
    const held = this.#held;
    // An unfinished header is shorter than the longest, so what is held stays bounded.
    const bytes = held === null ? chunk.subarray(0, end) : Buffer.concat([held, chunk.subarray(0, end)]);
    const parsed = parseProxyHeader(bytes, Math.min(bytes.length, LONGEST_HEADER));
    if (parsed.is === 'unfinished') this.#held = held === null ? Uint8Array.from(bytes) : bytes;
    else if (parsed.is === 'wrong') this.#receiver.notProxied(parsed.reason);
    else {
      this.#held = null;
      this.#receiver.proxied(parsed.source, bytes.subarray(parsed.length));
    }
  }
}
