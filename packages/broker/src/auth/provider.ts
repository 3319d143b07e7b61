import type { AuthenticationRequest, Rights } from '@cauldron/core';

/** What one provider says of a login. */
export type Verdict =
  /** It is who it says. */
  | {
      readonly outcome: 'accept';
      /** The user it is, where that is not the name it gave. */
      readonly username?: string | undefined;
      readonly rights?: Omit<Rights, 'key' | 'provider'> | undefined;
      /** Milliseconds since 1970 after which what it showed holds no more. */
      readonly expiresAt?: number | undefined;
      /** Last data of an enhanced exchange. */
      readonly data?: Uint8Array | undefined;
    }
  /** This provider does not know the user, or what it showed is not of its kind: the next one is asked. */
  | { readonly outcome: 'unknown' }
  /** It knows the user, and it is not: nobody else is asked. `reason` is for the log and never says it to the client. */
  | { readonly outcome: 'refuse'; readonly reason: string }
  /** It cannot say, because what it needs does not answer: the client is refused, and nobody else is asked. */
  | { readonly outcome: 'unavailable'; readonly reason: string }
  /** So many logins came before it that its turn did not come in time: the client is told to come later. */
  | { readonly outcome: 'busy'; readonly reason: string }
  /**
   * An enhanced exchange goes on; `exchange` comes back with the client's next AUTH. `username`: who it says it is, where
   * that stands in its data, so that guessing at a user is noticed.
   */
  | {
      readonly outcome: 'continue';
      readonly data: Uint8Array | undefined;
      readonly exchange: unknown;
      readonly username?: string | undefined;
    };

/** One source of users, asked in the configured order. */
export interface Provider {
  /** Its kind and what tells it from others, for logs and explanations: `password-file /etc/cauldron/passwords`. */
  readonly name: string;
  /** Methods of enhanced authentication it does (MQTT 5.0 section 4.12); empty = user name and password only. */
  readonly methods: readonly string[];
  /**
   * False = what it takes cannot be guessed, like a signed token: its refusals make an address wait, and no user, whose
   * name may be the same for everybody then. Default true.
   */
  readonly guessable?: boolean;
  /**
   * Whether a login is of its kind is told by user name and password alone, and never changes: what others behind it
   * accept may be remembered as if it were not there. Default false.
   */
  readonly ignoresClient?: boolean;
  /**
   * Decides about one login. It must not block the thread; `signal` is aborted when the answer comes too late to count.
   *
   * What it rejects with counts as `unavailable`.
   */
  authenticate(request: AuthenticationRequest, signal: AbortSignal): Verdict | Promise<Verdict>;
  /**
   * Whether a login with this signal waits for the turn of others before it: given up then, it says nothing of the
   * provider. Where it is missing, no login waits for others.
   */
  isWaiting?(signal: AbortSignal): boolean;
  /**
   * A text that changes when the user's credentials do, for a login it accepted; undefined = the user is gone. Where it
   * is missing, nothing is known of changes, and what was verified is remembered for a short time only.
   */
  credentialsOf?(username: string): string | undefined;
  /**
   * Whether a user name is a secret: a token that clients send in its place. It is never shown then.
   */
  conceals?(username: string): boolean;
  /** Reads its files again; rejects where they cannot be used, and then goes on with what it had. */
  reload?(): Promise<void>;
  /** Called with the names of users who were removed or have other credentials now, after a reload. */
  changed?: (usernames: readonly string[]) => void;
  /** Lets go of connections and timers. */
  close?(): Promise<void>;
}
