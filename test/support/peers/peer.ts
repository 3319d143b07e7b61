import type { ProtocolVersion } from '@cauldron/protocol';
import type { Cleanup } from '../process.ts';

/** A broker that the client is tested against. It keeps its ports, and its sessions, when it is stopped and started. */
export interface Peer {
  readonly name: string;
  /** MQTT versions it speaks. */
  readonly versions: readonly ProtocolVersion[];
  readonly quirks: PeerQuirks;
  /** TCP port of 127.0.0.1. */
  readonly port: number;
  /** Where it takes WebSocket connections. */
  readonly webSocketUrl: string;
  /** Begins to listen, with everything it knew when it stopped. */
  start(): Promise<void>;
  /** Ends every connection and stops listening, in order. */
  stop(): Promise<void>;
  /** Stops where it runs, and starts; with `forget` it has lost every session and retained message. */
  restart(how?: { readonly forget?: boolean }): Promise<void>;
}

/** Where a broker is not what MQTT says: what a client has to know to lose nothing with it. */
export interface PeerQuirks {
  /**
   * Messages that a client of MQTT 3.1.1, which is not told, may have in flight: of more, the broker acknowledges some
   * that it forgets.
   */
  readonly maxInflight?: number;
  /** It says that it has no session where that has no subscriptions, though it knows what is in flight. */
  readonly needsSubscription?: boolean;
  /**
   * It sends QoS 2 messages again that were released already, new messages before older ones, and gives identifiers to
   * messages that it has not released for others.
   */
  readonly repeatsAndReorders?: 'always' | 'when restarted';
  /** A session that began with Clean Start is gone when it restarts, whatever expiry was agreed. */
  readonly forgetsCleanStarts?: boolean;
  /** Over WebSocket it reads some 4 KB ten times a second. */
  readonly slowWebSocket?: boolean;
}

/** A broker that can be had: not started yet, and gone with `cleanup`. */
export interface PeerKind<P extends Peer = Peer> {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  readonly quirks: PeerQuirks;
  make(cleanup: Cleanup): Promise<P>;
}

/** The part of a peer that differs: how it is started, stopped, and made to forget. */
export interface PeerEngine {
  readonly port: number;
  readonly webSocketUrl: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Called while it is stopped. */
  forget(): Promise<void> | void;
}

/** A peer of that engine, which needs not care whether it runs. */
export function peerOf({ name, versions, quirks }: Omit<PeerKind, 'make'>, engine: PeerEngine): Peer {
  let running = false;
  const start = async (): Promise<void> => {
    if (running) return;
    await engine.start();
    running = true;
  };
  const stop = async (): Promise<void> => {
    if (!running) return;
    running = false;
    await engine.stop();
  };
  const restart = async ({ forget = false } = {}): Promise<void> => {
    await stop();
    if (forget) await engine.forget();
    await start();
  };
  return { name, versions, quirks, port: engine.port, webSocketUrl: engine.webSocketUrl, start, stop, restart };
}
