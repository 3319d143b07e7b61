import type { AuthPacket, Properties } from '@cauldron/protocol';
import { PacketType, protocolError, ReasonCode } from '@cauldron/protocol';
import { clientError, hex } from './error.ts';

/**
 * A method of enhanced authentication (MQTT 5.0 section 4.12). `@cauldron/client/scram` has SCRAM-SHA-256; anything else
 * can be written against this.
 */
export interface EnhancedAuthentication {
  /** The Authentication Method of CONNECT, for example `SCRAM-SHA-256`. */
  readonly method: string;
  /** Begins one login; called for every connection and for `reauthenticate()`. */
  begin(): AuthenticationExchange;
}

/** One login: our first words, then an answer to each of the broker's. */
export interface AuthenticationExchange {
  /** Authentication Data of CONNECT (or of the AUTH that begins a re-authentication); undefined = none. */
  first(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Answers the broker's AUTH. Throws where the broker is not to be trusted; the connection ends then. */
  next(data: Uint8Array | undefined): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** The broker accepted; `data` are its last words. Throws where they prove it wrong. */
  done(data: Uint8Array | undefined): void | Promise<void>;
}

/** How a connection authenticates; made by {@link enhancedAuthentication}. */
export interface Authentication {
  readonly method: string;
  /** For one connection. */
  start(port: AuthenticationPort): AuthenticationFlow;
}

/** What an authentication needs of its connection. */
export interface AuthenticationPort {
  send(packet: AuthPacket): void;
  /** The other side is not who it should be, or speaks nonsense. */
  fail(error: Error): void;
}

export interface AuthenticationFlow {
  /** Calls back with the properties that CONNECT needs. */
  opened(then: (properties: Properties) => void): void;
  /** AUTH came. */
  received(packet: AuthPacket): void;
  /** CONNACK came; calls back when the broker has proven what it must. */
  accepted(properties: Properties | undefined, then: () => void): void;
  reauthenticate(): Promise<void>;
  /** The connection is over. */
  closed(error: Error): void;
}

/**
 * Makes a method usable as the option `authentication`.
 *
 * @example
 * const authentication = enhancedAuthentication({
 *   method: 'PIN',
 *   begin: () => ({ first: () => undefined, next: () => new TextEncoder().encode('1234'), done: () => undefined }),
 * });
 */
export const enhancedAuthentication = (method: EnhancedAuthentication): Authentication => ({
  method: method.method,
  start: (port) => new Flow(method, port),
});

class Flow implements AuthenticationFlow {
  readonly #method: EnhancedAuthentication;
  readonly #port: AuthenticationPort;
  #exchange: AuthenticationExchange | undefined;
  #again: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(method: EnhancedAuthentication, port: AuthenticationPort) {
    this.#method = method;
    this.#port = port;
  }

  opened(then: (properties: Properties) => void): void {
    const exchange = this.#method.begin();
    this.#exchange = exchange;
    void this.#step(
      () => exchange.first(),
      (data) => then(this.#properties(data)),
    );
  }

  received({ reasonCode, properties }: AuthPacket): void {
    const exchange = this.#exchange;
    if (exchange === undefined) throw protocolError('the broker sent AUTH while nobody authenticates');
    const again = this.#again;
    if (reasonCode === ReasonCode.success && again !== undefined) {
      this.accepted(properties, () => {
        this.#again = undefined;
        again.resolve();
      });
      return;
    }
    this.#checkMethod(properties);
    // Its success ends a re-authentication; before CONNACK it would prove nothing.
    if (reasonCode !== ReasonCode.continueAuthentication) {
      throw protocolError(`the broker sent AUTH ${hex(reasonCode)} where it has no place`);
    }
    const data = properties?.authenticationData;
    // [MQTT-4.12.0-3]
    void this.#step(
      () => exchange.next(data),
      (answer) => this.#send(ReasonCode.continueAuthentication, answer),
    );
  }

  accepted(properties: Properties | undefined, then: () => void): void {
    this.#checkMethod(properties);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    void this.#step(() => exchange?.done(properties?.authenticationData), then);
  }

  // [MQTT-4.12.0-5]
  #checkMethod(properties: Properties | undefined): void {
    if (properties?.authenticationMethod === this.#method.method) return;
    const text = `the broker answers with another authentication method than ${this.#method.method}`;
    throw protocolError(text, 'MQTT-4.12.0-5');
  }

  reauthenticate(): Promise<void> {
    if (this.#exchange !== undefined) return Promise.reject(protocolError('an authentication is under way already'));
    const exchange = this.#method.begin();
    this.#exchange = exchange;
    this.#again = Promise.withResolvers();
    void this.#step(
      () => exchange.first(),
      (data) => this.#send(ReasonCode.reauthenticate, data),
    );
    return this.#again.promise;
  }

  closed(error: Error): void {
    this.#closed = true;
    this.#again?.reject(error);
  }

  #send(reasonCode: number, data: Uint8Array | undefined): void {
    this.#port.send({ type: PacketType.auth, reasonCode, properties: this.#properties(data) });
  }

  #properties(authenticationData: Uint8Array | undefined): Properties {
    const authenticationMethod = this.#method.method;
    return authenticationData === undefined ? { authenticationMethod } : { authenticationMethod, authenticationData };
  }

  /** Goes on with a step, which may be a promise; what it throws ends the connection. */
  async #step<T>(step: () => T | Promise<T>, then: (value: T) => void): Promise<void> {
    let value: T;
    try {
      value = await step();
    } catch (error) {
      this.#port.fail(clientError('NOT_AUTHORIZED', (error as Error).message, ReasonCode.notAuthorized, error));
      return;
    }
    try {
      if (!this.#closed) then(value);
    } catch (error) {
      this.#port.fail(error as Error);
    }
  }
}
