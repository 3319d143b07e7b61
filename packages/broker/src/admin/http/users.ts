import type { Rights } from '@cauldron/core';
import type { Role } from '../schema/index.ts';

/** Somebody whose login was checked. */
export interface AdminUser {
  readonly username: string;
  /** What came with the login. */
  readonly rights: Rights | undefined;
}

/** A login as it came. */
export interface AdminLogin {
  readonly username: string;
  readonly password: string;
  /** `host:port` of the client. */
  readonly address: string;
  readonly listener: string;
}

export type AdminLoginResult =
  | {
      readonly outcome: 'accept';
      readonly user: AdminUser;
      /** When what was shown expires, milliseconds since 1970. */
      readonly expiresAt: number | undefined;
    }
  /** `wrong`: user name or password; `later`: nobody can say now. The reason is for whoever tries. */
  | { readonly outcome: 'wrong' | 'later'; readonly reason: string };

/** Who may use the dashboard: the broker's own users. */
export interface AdminUsers {
  /** There are users to log in as, so that nobody gets in without. */
  readonly exist: boolean;
  /** Whether a listener lets clients in without a login. */
  isOpen(listener: string): boolean;
  login(login: AdminLogin): Promise<AdminLoginResult>;
  /** As the rules are now; null = the user has neither role. */
  roleOf(user: AdminUser): Role | null;
}
