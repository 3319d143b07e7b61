/**
 * Where a connection is in its life.
 *
 *     opening --CONNECT--> authenticating --CONNACK 0--> connected --> closed
 *        \__________________________\__ refused, failed, timed out ___/
 */
export const ConnectionState = { opening: 0, authenticating: 1, connected: 2, closed: 3 } as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];
