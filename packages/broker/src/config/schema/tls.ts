import { z } from 'zod';
import { choice, explain, keyFile, orElse, secret, sections, text } from '../setting.ts';

const sni = z.strictObject({
  host: text(
    'Name that clients ask for; `*.example.org` is every name one level below.',
    'a host name',
    'mqtt.example.org',
  ),
  cert: keyFile('Certificate for it, with those between it and the root; PEM.', '/etc/cauldron/mqtt.example.org.pem'),
  key: keyFile('Private key of that certificate; PEM.', '/etc/cauldron/mqtt.example.org.key'),
  keyPassword: orElse(secret('What `key` is encrypted with.', 'TLS_KEY_PASSWORD'), 'none'),
});

const psk = z
  .strictObject({
    file: keyFile(
      'Keys, one `IDENTITY:HEXADECIMAL` a line. The identity is the user name of the client.',
      '/etc/cauldron/psk',
    ),
    hint: orElse(text('Told to clients, which may choose a key by it.', 'text', 'cauldron'), 'none'),
  })
  .register(sections, { help: 'TLS with keys that both sides know, instead of or beside certificates.' });

/** `listeners[].tls` */
export const tls = z
  .strictObject({
    cert: orElse(
      keyFile(
        'Certificate of the server, with those between it and the root; PEM. Read again when it changes.',
        '/etc/cauldron/server.pem',
      ),
      'none; `psk` is then needed',
    ),
    key: orElse(keyFile('Private key of `cert`; PEM. Read again when it changes.', '/etc/cauldron/server.key'), 'none'),
    keyPassword: orElse(secret('What `key` is encrypted with.', 'TLS_KEY_PASSWORD'), 'none'),
    ca: orElse(
      keyFile(
        'Certificates of those who sign client certificates; PEM. Read again when it changes.',
        '/etc/cauldron/clients-ca.pem',
      ),
      'none; `clientCertificate` needs it',
    ),
    crl: orElse(
      keyFile(
        'Client certificates that hold no more: revocation lists of `ca`; PEM. Read again when it changes.',
        '/etc/cauldron/clients.crl',
      ),
      'none',
    ),
    minVersion: choice('Oldest version of TLS.', ['1.2', '1.3']).default('1.2'),
    ciphers: orElse(
      text("Cipher suites in OpenSSL's notation.", 'text', 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256'),
      "Node's, and with `psk` those that use such keys",
    ),
    clientCertificate: choice(
      'Whether clients show a certificate that `ca` signed: "require" refuses those without (except those with a key of `psk`), ' +
        'and one that is shown must hold in any case.',
      ['none', 'optional', 'require'],
    ).default('none'),
    usernameFrom: choice(
      'What of a client certificate is the user name: "cn" the common name of its subject, "san" the first e-mail address, DNS ' +
        'name or URI among its alternative names, "none" nothing: the client then has to log in as everywhere.',
      ['cn', 'san', 'none'],
    ).default('cn'),
    psk: psk.optional(),
    sni: z
      .array(sni)
      .register(sections, {
        help: 'Certificates for further host names of the same listener: one `[[listeners.tls.sni]]` table each.',
      })
      .default([]),
  })
  .superRefine((given, context) => {
    const { cert, key, keyPassword, ca, crl, clientCertificate, psk, sni } = given;
    if (cert === undefined && psk === undefined)
      explain(context, [], 'has no certificate; give it cert and key, or psk');
    if (cert !== undefined && key === undefined) explain(context, ['key'], 'is missing; cert needs its private key');
    if (cert === undefined) {
      if (key !== undefined) explain(context, ['cert'], 'is missing; key is of no use without its certificate');
      if (sni.length > 0) explain(context, ['cert'], 'is missing; sni needs a certificate for all other names');
      if (clientCertificate !== 'none')
        explain(context, ['cert'], 'is missing; client certificates can be asked for only by a server that shows one');
    }
    if (keyPassword !== undefined && key === undefined) explain(context, ['keyPassword'], 'is of no use without key');
    if (clientCertificate !== 'none' && ca === undefined)
      explain(context, ['ca'], `is missing; clientCertificate = "${clientCertificate}" needs it to check certificates`);
    if (crl !== undefined && ca === undefined)
      explain(context, ['ca'], 'is missing; crl is about certificates it signed');
  })
  .register(sections, {
    help:
      'Encrypts the connections of a listener. Relative paths start at the working directory. Files are read again when they ' +
      'change; connections that are open stay open.',
  });
