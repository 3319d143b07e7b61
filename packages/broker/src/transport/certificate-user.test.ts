import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerCertificate } from 'node:tls';
import { userOfCertificate } from './certificate-user.ts';

const certificate = (subject: object, subjectaltname?: string): PeerCertificate =>
  ({ subject, ...(subjectaltname === undefined ? {} : { subjectaltname }) }) as unknown as PeerCertificate;

test('the user is the first common name', () => {
  assert.deepEqual(userOfCertificate(certificate({ CN: 'ann' }), 'cn'), { username: 'ann' });
  assert.deepEqual(userOfCertificate(certificate({ CN: ['ann', 'bob'] }), 'cn'), { username: 'ann' });
});

test('the user is the first alternative name that is an e-mail address, a DNS name or a URI', () => {
  for (const [names, username] of [
    ['email:ann@example.org', 'ann@example.org'],
    ['IP Address:192.0.2.1, DNS:ann.example.org, email:ann@example.org', 'ann.example.org'],
    ['DirName:CN=eve, URI:urn:device:7, DNS:x', 'urn:device:7'],
    ['URI:"urn:a, DNS:eve"', 'urn:a, DNS:eve'],
    ['othername:"x, DNS:eve", DNS:ann', 'ann'],
    ['DirName:"CN = \\"x, DNS:eve\\"", DNS:ann', 'ann'],
  ] as const) {
    assert.deepEqual(userOfCertificate(certificate({}, names), 'san'), { username }, names);
  }
});

test('a certificate that names nobody, or with control characters, is none', () => {
  for (const subject of [{}, { CN: '' }, { O: 'Example' }]) {
    const user = userOfCertificate(certificate(subject), 'cn');
    assert.ok('problem' in user && /no common name/.test(user.problem));
  }
  const san = userOfCertificate(certificate({ CN: 'ann' }, 'IP Address:192.0.2.1'), 'san');
  assert.ok('problem' in san && /no e-mail address/.test(san.problem));
  for (const CN of ['ann\0', 'ann\nadmin', '\u0085', 'a\ufffd']) {
    const user = userOfCertificate(certificate({ CN }), 'cn');
    assert.ok('problem' in user && /control characters/.test(user.problem), JSON.stringify(CN));
  }
});
