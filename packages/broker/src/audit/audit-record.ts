import type { AuthenticationRequest, ClientInfo, DisconnectReason, Observer, Refusal } from '@cauldron/core';
import type { AuditLog } from './audit-log.ts';

/** A login that succeeded, as the authenticator tells of it. */
interface LoginFacts {
  readonly username: string | undefined;
  readonly anonymous: boolean;
  readonly provider: string;
  readonly cached: boolean;
}

/** A login that was refused. */
interface RefusalFacts {
  readonly kind: string;
  readonly reasonCode: number;
  readonly reason: string;
  readonly provider: string | undefined;
}

const PROTOCOLS: Readonly<Record<number, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' };

/** Who it is, of somebody who is not a client yet. */
const requester = ({
  username,
  clientId,
  remoteAddress,
  listener,
  method,
  protocolVersion,
}: AuthenticationRequest) => ({
  user: username,
  client: clientId,
  address: remoteAddress,
  listener,
  method,
  protocol: PROTOCOLS[protocolVersion],
});

const party = ({ username, clientId, remoteAddress, listener }: ClientInfo) => ({
  user: username,
  client: clientId,
  address: remoteAddress,
  listener,
});

/** True, or nothing to say. */
const flag = (value: boolean): true | undefined => (value ? true : undefined);

/** What the authenticator tells goes into the log: hand it over as its events. */
export function auditedLogins(audit: AuditLog) {
  return {
    accepted(request: AuthenticationRequest, { username, anonymous, provider, cached }: LoginFacts): void {
      audit.record('login', {
        ...requester(request),
        user: username,
        provider,
        anonymous: flag(anonymous),
        cached: flag(cached),
        again: flag(request.reauthentication),
      });
    },
    refused(request: AuthenticationRequest, { kind, reasonCode, reason, provider }: RefusalFacts): void {
      const again = flag(request.reauthentication);
      audit.record('refused', { ...requester(request), kind, provider, reason, code: reasonCode, again });
    },
  };
}

/**
 * What the core tells goes into the log. `refused` is for refusals that the authenticator did not tell of: they are
 * not to be written twice.
 */
export function auditedEvents(audit: AuditLog) {
  return {
    refused(address: string, client: string | undefined, { reasonCode, reason }: Refusal, user?: string): void {
      audit.record('refused', { user, client, address, kind: 'connection', reason, code: reasonCode });
    },
    disconnected(client: ClientInfo, { reasonCode, reason, by }: DisconnectReason): void {
      audit.record('logout', { ...party(client), reason, code: reasonCode, by });
    },
    denied(client: ClientInfo, action: 'publish' | 'subscribe', topic: string, { reasonCode, reason }: Refusal): void {
      audit.record('denied', { ...party(client), action, topic, reason, code: reasonCode });
    },
    throttled(client: ClientInfo, limit: string): void {
      audit.record('throttled', { ...party(client), limit });
    },
    banned(client: string, address: string, seconds: number): void {
      audit.record('banned', { client, address, seconds });
    },
  } satisfies Observer;
}
