import type { ConnackPacket, ConnectPacket, DisconnectPacket, ProtocolVersion } from '@cauldron/protocol';
import { encodeUtf8, LARGEST_PACKET, MqttError, PacketType, ReasonCode } from '@cauldron/protocol';
import { Connection, type ConnectionOwner, type PacketReceiver } from './connection.ts';
import { connectionClosed, RefusedError } from './error.ts';
import type { ClientOptions, ClientState, Credentials } from './options.ts';
import type { ParsedUrl, Platform, Target, Timer } from './platform.ts';

/** What a dialer connects. */
export interface DialerOwner extends PacketReceiver {
  /** @param isSure "session present" says that it is the session of the connection before */
  connected(connection: Connection, connack: ConnackPacket, isSure: boolean): void;
  /** The connection is gone that {@link connected} told of. */
  disconnected(): void;
}

/** Servers that may pass us on to the next in a row. */
const MOST_REDIRECTS = 5;
/** Brokers known to speak only MQTT 3.1.1, for all clients of this program. */
const oldBrokers = new Set<string>();
const MOST_OLD_BROKERS = 1000;

/**
 * Sees to it that there is a connection: dials, falls back to MQTT 3.1.1, follows redirects, and dials again after a
 * random wait when a connection is lost.
 *
 *     connecting --CONNACK--> connected --lost--> waiting --> connecting ...
 *         |___refused, lost___________________________^
 *         '--- ended: `end()`, no more attempts, taken over, or the first attempt failed and somebody waits for it
 */
export class Dialer implements ConnectionOwner {
  readonly clientId: string;
  /** The connection that is there, or being made. */
  connection: Connection | null = null;
  state: ClientState = { status: 'connecting', attempt: 1 };
  /** Whether a failure before the first connection ends it. */
  firstMustSucceed = false;
  readonly #platform: Platform;
  readonly #options: ClientOptions;
  readonly #owner: DialerOwner;
  readonly #changed: (state: ClientState) => void;
  readonly #fromUrl: Credentials;
  #target: Target;
  /** Where the latest attempt went. */
  #dialed: Target;
  /** Where to go next only, as a broker asked. */
  #detour: Target | undefined;
  /** How many were followed since it last waited. */
  #redirects = 0;
  #version: ProtocolVersion;
  #attempt = 0;
  #everConnected = false;
  /** A CONNECT had no answer: it may have begun a new session, which the next CONNACK calls present. */
  #unanswered = false;
  /** The broker has accepted the present connection. */
  #isConnected = false;
  /** 3.1.1 is tried because the broker hung up on 5.0, which may have had another reason. */
  #guess: 'none' | 'trying' | 'wrong' = 'none';
  #timer: Timer | undefined;
  #stopWatching: (() => void) | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  /** @param changed called with every new state */
  constructor(
    platform: Platform,
    url: ParsedUrl,
    clientId: string,
    options: ClientOptions,
    owner: DialerOwner,
    changed: (state: ClientState) => void,
  ) {
    this.#platform = platform;
    this.#options = options;
    this.#owner = owner;
    this.#changed = changed;
    this.clientId = clientId;
    this.#target = url.target;
    this.#dialed = url.target;
    this.#fromUrl = { username: url.username, password: url.password };
    this.#version = options.protocolVersion ?? (this.#mayBeOld && oldBrokers.has(url.target.text) ? 4 : 5);
  }

  start(): void {
    if (this.#ended) return;
    this.#stopWatching = this.#platform.onNetworkBack?.(() => {
      if (this.state.status === 'waiting') this.#dial(this.state.reason);
      else this.connection?.probe();
    });
    this.#dial(undefined);
  }

  /** Version of the present or the next connection. */
  get protocolVersion(): ProtocolVersion {
    return this.#version;
  }

  #setState(state: ClientState): void {
    if (this.#ended) return;
    this.state = state;
    this.#changed(state);
  }

  get #ended(): boolean {
    return this.state.status === 'ended';
  }

  #dial(reason: Error | undefined): void {
    if (this.#ended) return;
    this.#timer?.cancel();
    this.#attempt += 1;
    this.#setState({ status: 'connecting', attempt: this.#attempt, reason });
    if (this.#ended) return; // whoever was told of it ended it
    const { credentials } = this.#options;
    if (credentials === undefined) {
      this.#open({ username: this.#options.username, password: this.#options.password });
      return;
    }
    void this.#ask(credentials, reason);
  }

  async #ask(credentials: NonNullable<ClientOptions['credentials']>, reason: Error | undefined): Promise<void> {
    try {
      const given = await credentials({ attempt: this.#attempt, reason });
      if (!this.#ended) this.#open(given);
    } catch (error) {
      this.#lost(error as Error, false);
    }
  }

  #open({ username = this.#fromUrl.username, password = this.#fromUrl.password }: Credentials): void {
    const target = this.#detour ?? this.#target;
    this.#dialed = target;
    this.#detour = undefined;
    const { authentication, connectTimeout = 30_000, maxPacketSize = LARGEST_PACKET, topicAliases = 0 } = this.#options;
    const { trace } = this.#options;
    const request = { authentication, timeout: connectTimeout, maxPacketSize, topicAliases, trace };
    const packet = this.#connectPacket(username, password);
    this.#isConnected = false;
    try {
      this.connection = new Connection(this.#platform, target, { ...request, packet }, this, this.#owner);
    } catch (error) {
      this.#lost(error as Error, false); // options that the platform cannot use
    }
  }

  #connectPacket(username: string | undefined, password: string | Uint8Array | undefined): ConnectPacket {
    const { will, keepAlive = 60, store, cleanStart = store === undefined } = this.#options;
    const old = this.#version < 5;
    const expiry = this.#options.sessionExpiry ?? (store === undefined ? 300 : 86_400);
    const { receiveMaximum = 1000, maxPacketSize, topicAliasMaximum = 0 } = this.#options;
    const properties = {
      ...(expiry === 0 ? {} : { sessionExpiryInterval: expiry }),
      receiveMaximum,
      ...(maxPacketSize === undefined ? {} : { maximumPacketSize: maxPacketSize }),
      ...(topicAliasMaximum === 0 ? {} : { topicAliasMaximum }),
      ...this.#options.properties,
    };
    return {
      type: PacketType.connect,
      protocolVersion: this.#version,
      // 3.1.1 has no expiry: a session that nobody asked for would stay there for ever.
      cleanStart: cleanStart && (old || !this.#everConnected),
      keepAlive,
      clientId: this.clientId,
      username,
      password: typeof password === 'string' ? encodeUtf8(password) : password,
      properties: old ? undefined : properties,
      will:
        will === undefined
          ? undefined
          : {
              topic: will.topic,
              payload:
                typeof will.payload === 'string' ? encodeUtf8(will.payload) : (will.payload ?? new Uint8Array(0)),
              qos: will.qos ?? 0,
              retain: will.retain ?? false,
              properties: old ? undefined : will.properties,
            },
    };
  }

  accepted(connection: Connection, connack: ConnackPacket): void {
    this.#isConnected = true;
    this.#attempt = 0;
    this.#everConnected = true;
    // A broker that hung up may have had another reason: that guess is this client's alone.
    const isRefused = this.#version < 5 && this.#options.protocolVersion === undefined && this.#guess !== 'trying';
    if (isRefused) remember(this.#dialed.text);
    this.#owner.connected(connection, connack, !this.#unanswered);
    this.#unanswered = false;
    const { sessionPresent } = connack;
    this.#setState({ status: 'connected', sessionPresent, protocolVersion: this.#version });
  }

  closed(connection: Connection, error: Error | undefined): void {
    const wasConnected = this.#isConnected;
    if (!wasConnected && connection.asked && !(error instanceof RefusedError)) this.#unanswered = true;
    this.connection = null;
    this.#isConnected = false;
    this.#closed?.resolve();
    if (wasConnected) this.#owner.disconnected();
    this.#lost(error, wasConnected);
  }

  /** An attempt failed, or a connection was lost. */
  #lost(error: Error | undefined, wasConnected: boolean): void {
    if (this.#ended) return;
    if (this.#guess === 'trying' && !wasConnected) {
      this.#guess = 'wrong';
      this.#version = 5;
    }
    if (error instanceof RefusedError && error.reasonCode === ReasonCode.sessionTakenOver) {
      this.end(takenOver(error));
      return;
    }
    if (error === undefined || this.#options.reconnect === false) {
      if (!this.#mayTryElse(error, wasConnected)) this.end(error);
      return;
    }
    if (this.#mayTryElse(error, wasConnected)) return;
    const {
      maxAttempts = Number.POSITIVE_INFINITY,
      minDelay = 1000,
      maxDelay = 30_000,
    } = this.#options.reconnect ?? {};
    const isFirst = this.firstMustSucceed && !this.#everConnected;
    if (isFirst || this.#attempt >= maxAttempts) {
      this.end(error);
      return;
    }
    const delay = this.#platform.random() * Math.min(maxDelay, minDelay * 2 ** Math.min(this.#attempt, 30));
    this.#redirects = 0;
    this.#timer = this.#platform.setTimer(delay, () => this.#dial(error));
    this.#setState({ status: 'waiting', attempt: this.#attempt + 1, delay, reason: error });
  }

  /** Another version or another server, tried at once; true when it is. */
  #mayTryElse(error: Error | undefined, wasConnected: boolean): boolean {
    if (this.#mayFallBack(error, wasConnected)) {
      this.#version = 4;
      this.#detour = this.#dialed;
    } else if (!this.#mayFollow(error)) return false;
    this.#attempt = Math.max(0, this.#attempt - 1);
    this.#dial(error);
    return true;
  }

  /** MQTT 3.1.1 would do: nobody asked for a version, or for enhanced authentication, which it does not have. */
  get #mayBeOld(): boolean {
    return this.#options.protocolVersion === undefined && this.#options.authentication === undefined;
  }

  /** Brokers from before MQTT 5.0 answer with return code 1, or just hang up. */
  #mayFallBack(error: Error | undefined, wasConnected: boolean): boolean {
    if (this.#version < 5 || !this.#mayBeOld || wasConnected || !(error instanceof MqttError)) return false;
    if (error.reasonCode === ReasonCode.unsupportedProtocolVersion) return true;
    if (error instanceof RefusedError || error.code !== 'CONNECTION_CLOSED') return false;
    if (this.#everConnected || this.#guess !== 'none') return false;
    this.#guess = 'trying';
    return true;
  }

  #mayFollow(error: Error | undefined): boolean {
    if (!(error instanceof RefusedError) || this.#options.redirect === 'ignore') return false;
    const { reasonCode, serverReference } = error;
    const moved = reasonCode === ReasonCode.serverMoved;
    if ((!moved && reasonCode !== ReasonCode.useAnotherServer) || serverReference === undefined) return false;
    if (this.#redirects === MOST_REDIRECTS) return false;
    this.#redirects += 1;
    try {
      this.#detour = this.#redirected(serverReference);
    } catch {
      return false; // a reference in a form of its own: the error that carried it names it
    }
    if (moved) this.#target = this.#detour;
    return true;
  }

  /**
   * What a Server Reference names (section 4.13): `HOST` or `HOST:PORT`, several separated by spaces, of which the first
   * counts. The scheme stays: whoever asked for TLS gets it there too.
   */
  #redirected(reference: string): Target {
    const { scheme, path } = this.#target;
    const [server = ''] = reference.replace(/^\s*[a-z]+:\/\//, '').split(/[\s/]/);
    return this.#platform.parse(`${scheme}://${server}${path}`).target;
  }

  /** Ends it and says DISCONNECT, or null = nothing; fulfilled when the connection is closed. */
  async close(reason: Error | undefined, packet: Omit<DisconnectPacket, 'type'> | null): Promise<void> {
    this.end(reason);
    if (this.connection === null) return;
    this.#closed ??= Promise.withResolvers();
    this.connection.end(packet);
    await this.#closed.promise;
  }

  /** No more attempts. */
  end(reason: Error | undefined): void {
    if (this.#ended) return;
    this.#timer?.cancel();
    this.#stopWatching?.();
    this.#setState({ status: 'ended', reason });
  }
}

function remember(target: string): void {
  if (oldBrokers.size === MOST_OLD_BROKERS) oldBrokers.clear();
  oldBrokers.add(target);
}

const takenOver = (cause: Error): Error =>
  connectionClosed(
    `${cause.message}; another client uses the same client identifier: give each its own, or they take the connection from each other for ever`,
    cause,
  );
