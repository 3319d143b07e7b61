import { constants, randomBytes, type X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { ListenerError, type SniOptions, type TlsOptions } from './listener.ts';
import { problem, readCertificates, readPrivateKey, readRevocationLists } from './pem.ts';
import { changedKeys, type PskKeys, readPskKeys } from './psk-keys.ts';

/** For listeners with certificates only: Node's own defaults hold. */
const SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
/**
 * A pre-shared key in TLS 1.3 goes with SHA-256 alone, and the suite is chosen before the key is looked at: where keys
 * may be used these suites come first.
 */
const PSK_SUITES = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256';
/** TLS 1.2 with pre-shared keys; with forward secrecy first, then without for clients too small for it. */
const PSK_CIPHERS = [
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-AES256-CBC-SHA384',
  'ECDHE-PSK-AES128-CBC-SHA256',
  'PSK-AES256-GCM-SHA384',
  'PSK-AES128-GCM-SHA256',
  'PSK-AES128-CCM',
].join(':');
/** TLS 1.2 with certificates: forward secrecy and authenticated encryption. */
const CERTIFICATE_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** What the files of a TLS listener held when they were read last. */
interface Loaded {
  readonly context: SecureContext;
  /** By host name in lower case; `*.example.org` as it stands. */
  readonly hosts: ReadonlyMap<string, SecureContext>;
  readonly psk: PskKeys | null;
}

/** Certificates and keys of a TLS listener: read from files, and again when asked. */
export class TlsContexts {
  readonly options: TlsOptions;
  /** Whether clients are asked for a certificate. */
  readonly asksCertificate: boolean;
  #loaded: Loaded;
  /** Settles when the reload asked for last is done. */
  #reloaded: Promise<void> = Promise.resolve();

  private constructor(options: TlsOptions, loaded: Loaded) {
    this.options = options;
    this.asksCertificate = asksCertificate(options);
    this.#loaded = loaded;
  }

  /** @throws {ListenerError} options that do not fit together, files that cannot be used */
  static async load(options: TlsOptions): Promise<TlsContexts> {
    checkOptions(options);
    return new TlsContexts(options, await load(options));
  }

  /** Every file it reads. */
  get files(): readonly string[] {
    const { cert, key, ca, crl, psk, sni = [] } = this.options;
    const all = [cert, key, ca, crl, psk?.file, ...sni.flatMap((one) => [one.cert, one.key])];
    return [...new Set(all.filter((file) => file !== undefined))];
  }

  /**
   * @returns identities whose key is another now, or gone
   * @throws {ListenerError} and keeps what it had
   */
  async reload(): Promise<readonly string[]> {
    // One after the other, so that what was read last is what holds.
    const reloading = this.#reloaded.then(async () => {
      const before = this.#loaded;
      this.#loaded = await load(this.options);
      return before.psk === null ? [] : changedKeys(before.psk, this.#loaded.psk);
    });
    this.#reloaded = reloading.then(
      () => undefined,
      () => undefined, // whoever asked for it hears of it
    );
    return reloading;
  }

  /** What a new connection starts with. */
  get context(): SecureContext {
    return this.#loaded.context;
  }

  /** What a client gets that asks for a host name; undefined = what it has. */
  contextOf(host: string): SecureContext | undefined {
    const { hosts } = this.#loaded;
    const name = host.toLowerCase().replace(/\.$/, '');
    const dot = name.indexOf('.');
    return hosts.get(name) ?? (dot > 0 ? hosts.get(`*${name.slice(dot)}`) : undefined);
  }

  /** Whether an identity has a key. */
  knowsIdentity(identity: string): boolean {
    return this.#loaded.psk?.has(identity) === true;
  }

  /**
   * The key of an identity. An unknown one gets a key that nobody has, so that its handshake fails just as that of a
   * known one with a wrong key does.
   */
  pskOf(identity: string): Buffer {
    const nobodys = randomBytes(32);
    return this.#loaded.psk?.get(identity) ?? nobodys;
  }
}

function asksCertificate({ clientCertificate = 'none' }: TlsOptions): boolean {
  return clientCertificate !== 'none';
}

function checkOptions(options: TlsOptions): void {
  const { cert, key, ca, crl, psk, sni = [] } = options;
  const wrong = (text: string): never => {
    throw new ListenerError('TLS_OPTIONS', text);
  };
  if ((cert === undefined) !== (key === undefined)) wrong('tls.cert and tls.key belong together; set both');
  if (cert === undefined && psk === undefined) wrong('tls needs tls.cert and tls.key, or tls.psk');
  if (cert === undefined && sni.length > 0) wrong('tls.sni needs tls.cert and tls.key for clients that name no host');
  if (asksCertificate(options)) {
    if (cert === undefined) wrong('tls.clientCertificate needs tls.cert and tls.key');
    if (ca === undefined) wrong('tls.clientCertificate needs tls.ca, the authorities whose certificates are accepted');
  }
  if (crl !== undefined && ca === undefined) wrong('tls.crl needs tls.ca, whose certificates it is about');
  const hosts = new Set<string>();
  for (const { host } of sni) {
    const name = host.toLowerCase();
    if (!/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name)) {
      wrong(`tls.sni: '${host}' is no host name; write one such as mqtt.example.org or *.example.org`);
    }
    if (hosts.has(name)) wrong(`tls.sni: ${host} is there twice; leave one of them`);
    hosts.add(name);
  }
}

async function load(options: TlsOptions): Promise<Loaded> {
  const common = await commonOptions(options);
  const psk = options.psk === undefined ? null : await readPskKeys(options.psk.file);
  const { cert, key, keyPassword } = options;
  const own = cert === undefined ? {} : await identity('tls', { cert, key: key!, keyPassword });
  const context = contextFrom({ ...common, ...own });
  const hosts = new Map<string, SecureContext>();
  for (const one of options.sni ?? []) {
    hosts.set(one.host.toLowerCase(), contextFrom({ ...common, ...(await identity(`tls.sni ${one.host}`, one)) }));
  }
  return { context, hosts, psk };
}

async function commonOptions(options: TlsOptions): Promise<SecureContextOptions> {
  const { ca, crl, minVersion = '1.2', ciphers, psk } = options;
  // Resuming a session shows neither certificate nor identity again, so what was revoked meanwhile would still get in.
  const noResumption = asksCertificate(options) || psk !== undefined ? constants.SSL_OP_NO_TICKET : 0;
  return {
    minVersion: minVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: ciphers ?? defaultCiphers(options),
    honorCipherOrder: true,
    // OpenSSL takes a pre-shared key for a session, and wants one where clients are asked for certificates.
    sessionIdContext: 'cauldron',
    // A client could otherwise have the broker do the costly half of a handshake again and again.
    secureOptions: noResumption | constants.SSL_OP_NO_RENEGOTIATION,
    ...(ca === undefined ? {} : { ca: (await readCertificates('tls.ca', ca)).map(String) }),
    ...(crl === undefined ? {} : { crl: await readRevocationLists('tls.crl', crl) }),
  };
}

function defaultCiphers({ cert, psk }: TlsOptions): string {
  if (psk === undefined) return `${SUITES}:${CERTIFICATE_CIPHERS}`;
  if (cert === undefined) return `${PSK_SUITES}:${PSK_CIPHERS}`;
  return `${PSK_SUITES}:TLS_AES_256_GCM_SHA384:${PSK_CIPHERS}:${CERTIFICATE_CIPHERS}`;
}

/** A certificate with its chain, and the key that belongs to it. */
async function identity(
  setting: string,
  { cert, key, keyPassword }: Pick<SniOptions, 'cert' | 'key' | 'keyPassword'>,
): Promise<SecureContextOptions> {
  const chain = await readCertificates(`${setting}.cert`, cert);
  const privateKey = await readPrivateKey(`${setting}.key`, key, keyPassword);
  const leaf = chain[0] as X509Certificate;
  if (!leaf.checkPrivateKey(privateKey)) {
    const what = `it does not belong to the first certificate in ${cert}; the broker's own certificate must come first`;
    throw problem(`${setting}.key`, key, what);
  }
  return { cert: chain.join(''), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

function contextFrom(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    const { code = 'unknown error', reason } = error as NodeJS.ErrnoException & { reason?: string };
    const hint = /CIPHER/.test(code) ? 'check tls.ciphers' : 'check tls.cert, tls.key and tls.ciphers';
    throw new ListenerError('TLS_OPTIONS', `TLS cannot be set up: ${reason ?? code}; ${hint}`, error);
  }
}
