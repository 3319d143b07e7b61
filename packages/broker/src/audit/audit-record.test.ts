import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationRequest, ClientInfo } from '@cauldron/core';
import type { AuditLog } from './audit-log.ts';
import { auditedEvents, auditedLogins } from './audit-record.ts';

type Recorded = [event: string, facts: Record<string, unknown>];

/** A log that keeps what it is given, as it would be written. */
function recording(): { audit: AuditLog; recorded: Recorded[] } {
  const recorded: Recorded[] = [];
  const record = (event: string, facts: object) => void recorded.push([event, JSON.parse(JSON.stringify(facts))]);
  return { audit: { record } as unknown as AuditLog, recorded };
}

const request: AuthenticationRequest = {
  clientId: 'lamp',
  username: 'ali',
  password: new TextEncoder().encode('open sesame'),
  protocolVersion: 4,
  remoteAddress: '192.0.2.1:1000',
  listener: 'tls',
  method: undefined,
  data: new TextEncoder().encode('open sesame'),
  exchange: { secret: 'open sesame' },
  reauthentication: false,
  peer: undefined,
};

const client: ClientInfo = {
  clientId: 'lamp',
  username: 'ali',
  verified: true,
  rights: undefined,
  protocolVersion: 5,
  remoteAddress: '192.0.2.1:1000',
  listener: 'tls',
  keepAlive: 60,
  cleanStart: true,
};

const who = { user: 'ali', client: 'lamp', address: '192.0.2.1:1000', listener: 'tls' };

test('a login is written with who vouched for it, and under the name it was accepted as', () => {
  const { audit, recorded } = recording();
  const { accepted } = auditedLogins(audit);
  accepted(request, { username: 'ali baba', anonymous: false, provider: 'ldap', cached: false });
  accepted(
    { ...request, username: undefined, method: 'SCRAM-SHA-256', protocolVersion: 5, reauthentication: true },
    { username: undefined, anonymous: true, provider: 'nobody', cached: true },
  );
  const { user: _, ...nameless } = who;
  assert.deepEqual(recorded, [
    ['login', { ...who, protocol: '3.1.1', user: 'ali baba', provider: 'ldap' }],
    [
      'login',
      {
        ...nameless,
        method: 'SCRAM-SHA-256',
        protocol: '5.0',
        provider: 'nobody',
        anonymous: true,
        cached: true,
        again: true,
      },
    ],
  ]);
});

test('a refused login is written with its reason and code, and never with what was shown', () => {
  const { audit, recorded } = recording();
  auditedLogins(audit).refused(request, {
    kind: 'credentials',
    reasonCode: 0x86,
    reason: 'wrong password',
    provider: 'ldap',
  });
  const facts = {
    ...who,
    protocol: '3.1.1',
    kind: 'credentials',
    provider: 'ldap',
    reason: 'wrong password',
    code: 0x86,
  };
  assert.deepEqual(recorded, [['refused', facts]]);
  assert.doesNotMatch(JSON.stringify(recorded), /sesame/);
});

test('what the core tells is written with who it was', () => {
  const { audit, recorded } = recording();
  const events = auditedEvents(audit);
  const refusal = { reasonCode: 0x97, reason: 'full' };
  events.refused('192.0.2.9:1', undefined, refusal);
  events.denied(client, 'publish', 'gold', { reasonCode: 0x87, reason: 'rule 3' });
  events.throttled(client, 'maxMessageRate');
  events.disconnected(client, { reasonCode: 0, reason: 'said goodbye', by: 'client' });
  events.banned('lamp', '192.0.2.1:1000', 20);
  assert.deepEqual(recorded, [
    ['refused', { address: '192.0.2.9:1', kind: 'connection', reason: 'full', code: 0x97 }],
    ['denied', { ...who, action: 'publish', topic: 'gold', reason: 'rule 3', code: 0x87 }],
    ['throttled', { ...who, limit: 'maxMessageRate' }],
    ['logout', { ...who, reason: 'said goodbye', code: 0, by: 'client' }],
    ['banned', { client: 'lamp', address: '192.0.2.1:1000', seconds: 20 }],
  ]);
});
