import { type BrokerCore, type ClientInfo, type Connection, ConnectionState, type Session } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';

/** Sessions that are looked at in one turn of the loop. */
const SLICE = 500;

/** Told of each client that is disconnected. */
export type Kicked = (client: ClientInfo, reason: string, code: number) => void;

/**
 * Makes changed users and rules hold for clients that are connected already: whose login holds no more is disconnected,
 * and subscriptions that would not be granted any more are taken. What clients may publish and receive needs no help: the
 * core asks again by itself.
 */
export class Enforcement {
  readonly #core: BrokerCore;
  readonly #kicked: Kicked;
  #rechecking: Promise<void> = Promise.resolve();

  constructor(core: BrokerCore, kicked: Kicked) {
    this.#core = core;
    this.#kicked = kicked;
  }

  /**
   * Disconnects every client that logged in as one of these users.
   *
   * @param provider who vouched for them; undefined = whoever it was
   * @returns how many
   */
  kickUsers(provider: string | undefined, usernames: readonly string[], reason: string): number {
    const names = new Set(usernames);
    const found = [...this.#core.connections].filter(({ client, state }) => {
      // Also those that logged in and wait for their CONNACK.
      if (state === ConnectionState.closed || client === null || !client.verified) return false;
      if (client.username === undefined || !names.has(client.username)) return false;
      return provider === undefined || client.rights?.provider === provider;
    });
    for (const connection of found) this.#kick(connection, reason);
    this.#core.flush();
    return found.length;
  }

  #kick(connection: Connection, reason: string): void {
    const { client } = connection;
    if (client === null || connection.state === ConnectionState.closed) return;
    connection.end(ReasonCode.notAuthorized, reason);
    this.#kicked(client, reason, ReasonCode.notAuthorized);
  }

  /** Looks at the subscriptions of all sessions, a slice a turn; resolves when that is done. One after the other. */
  recheck(): Promise<void> {
    this.#rechecking = this.#rechecking.then(() => this.#recheck());
    return this.#rechecking;
  }

  async #recheck(): Promise<void> {
    const sessions = [...this.#core.sessions.values()];
    for (let at = 0; at < sessions.length; at += SLICE) {
      for (const session of sessions.slice(at, at + SLICE)) this.#recheckSafely(session);
      this.#core.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A program that fails as it hears of it must not keep the new rules from holding for others, or from now on. */
  #recheckSafely(session: Session): void {
    try {
      this.#recheckOne(session);
    } catch (error) {
      this.#core.observer.internalError?.(error, `the rights of '${session.clientId}'`);
    }
  }

  #recheckOne(session: Session): void {
    if (session.ended) return;
    const { client, connection } = session;
    const [first, ...more] = this.#core.recheck(session);
    if (first === undefined || client === null || connection === null) return;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    this.#kicked(client, `it may no longer subscribe to '${first}'${others}`, ReasonCode.notAuthorized);
  }
}
