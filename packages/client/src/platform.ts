/**
 * What the client needs of the place where it runs. `node/platform.ts` and `browser/platform.ts` implement it, and so
 * does the tests' own with a fake clock, so that the client itself knows no socket, no timer and no randomness.
 */
export interface Platform {
  /**
   * Reads a URL.
   *
   * @throws {MqttError} where it is none that this platform can connect to
   */
  parse(url: string): ParsedUrl;
  /**
   * Begins to open a connection.
   *
   * @param target where to
   * @param subprotocol what `ws:` and `wss:` ask for: `mqtt`, or `mqttv3.1` for that version
   * @param receiver is told once it is open and of all that comes
   */
  open(target: Target, subprotocol: string, receiver: TransportReceiver): Transport;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Calls back after `ms` milliseconds, also in a page that nobody looks at. */
  setTimer(ms: number, callback: () => void): Timer;
  /** Calls back before the program waits for its next event: what was written in one go leaves together. */
  defer(callback: () => void): void;
  /** Calls back after other events had their turn: a program that publishes in a loop must not shut them out. */
  yield(callback: () => void): void;
  /** From 0 up to but not including 1. */
  random(): number;
  /** Calls back whenever the network has come back; returns the function that stops it. Missing: nobody can tell. */
  onNetworkBack?(callback: () => void): () => void;
}

export interface Timer {
  cancel(): void;
}

/** Where a connection goes. */
export interface Target {
  /** `mqtt`, `mqtts`, `ws`, `wss` or `unix`. */
  readonly scheme: string;
  /** Empty for a Unix socket. IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path of the Unix socket, or path and query of a WebSocket. */
  readonly path: string;
  /** As people write it, without user and password. */
  readonly text: string;
}

/** What a URL says. */
export interface ParsedUrl {
  readonly target: Target;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** One network connection, whatever carries it. */
export interface Transport {
  /** Bytes handed over and not yet taken by the network. */
  readonly pending: number;
  /** Sends bytes that nobody changes from here on. */
  write(bytes: Uint8Array): void;
  /** Stops reading, as far as the transport can. */
  pause(): void;
  resume(): void;
  /** Closes after what was written has been sent; gives up a peer that takes none of it, or does not close in turn. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a transport tells. */
export interface TransportReceiver {
  /** Bytes can flow. */
  opened(): void;
  /** Bytes came: the first `end` of `chunk`, valid only during the call. */
  received(chunk: Uint8Array, end: number): void;
  /** `pending` fell to where writing is welcome again. */
  drained(): void;
  /** It is over, whoever ended it. Called exactly once. `error` says why where the network or the peer did. */
  closed(error?: Error): void;
}
