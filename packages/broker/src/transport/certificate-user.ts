import type { PeerCertificate } from 'node:tls';

/** The user a certificate stands for, or why it stands for none. */
export type CertificateUser = { readonly username: string } | { readonly problem: string };

/**
 * The user name in a client certificate that was verified.
 *
 * @param from `cn`: the first common name of the subject. `san`: the first e-mail address (rfc822Name), DNS name or URI
 * among the alternative names, in the certificate's own order
 */
export function userOfCertificate(certificate: PeerCertificate, from: 'cn' | 'san'): CertificateUser {
  const name = from === 'cn' ? commonName(certificate) : alternativeName(certificate.subjectaltname);
  const which = from === 'cn' ? 'common name in its subject' : 'e-mail address, DNS name or URI as alternative name';
  if (name === undefined || name === '') return { problem: `it has no ${which}, which is to name the user` };
  // A name with such characters could look like another one in logs and files, or cannot be sent in MQTT at all.
  if (/\p{Cc}|\p{Cs}|\ufffd/u.test(name)) return { problem: 'the user name in it holds control characters' };
  return { username: name };
}

function commonName(certificate: PeerCertificate): string | undefined {
  // Node's types do not say that a certificate may have none, or several.
  const { CN } = (certificate.subject ?? {}) as { CN?: string | string[] };
  return typeof CN === 'string' ? CN : CN?.[0];
}

/** The first entry of a kind that names somebody; Node writes a value in question as a JSON string. */
function alternativeName(names: string | undefined): string | undefined {
  const entry = /(?:^|, )(?:email|DNS|URI):("(?:[^"\\]|\\.)*"|[^,]*)/.exec(withoutQuotedOthers(names ?? ''));
  const value = entry?.[1];
  return value?.startsWith('"') === true ? (JSON.parse(value) as string) : value;
}

/** What a quoted value of another kind holds must not be taken for entries. */
function withoutQuotedOthers(names: string): string {
  return names.replace(/(^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*")/g, (whole, before: string, kind: string) =>
    ['email', 'DNS', 'URI'].includes(kind) ? whole : `${before}${kind}:`,
  );
}
