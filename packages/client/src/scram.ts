import { type Authentication, enhancedAuthentication } from './authentication.ts';
import { ScramExchange, type ScramOptions } from './scram-exchange.ts';

export type { ScramOptions } from './scram-exchange.ts';

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) for the option `authentication`: the password never travels, and the broker has to
 * prove that it knows it too. MQTT 5.0 only, without channel binding. A page needs `https:` (or localhost) for it.
 *
 * @param username as it is in the broker's list of users; it takes the place of the option `username`
 * @param password or a function that is asked for it at every login
 * @example
 * const authentication = scram('ann', 'pencil');
 * authentication.method // 'SCRAM-SHA-256'
 */
export const scram = (
  username: string,
  password: string | (() => string | Promise<string>),
  options: ScramOptions = {},
): Authentication =>
  enhancedAuthentication({
    method: 'SCRAM-SHA-256',
    begin: () => new ScramExchange(username, password, options),
  });
