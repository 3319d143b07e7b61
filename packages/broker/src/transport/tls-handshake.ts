import type net from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { PeerIdentity } from '@cauldron/core';
import { userOfCertificate } from './certificate-user.ts';
import type { SocketLink } from './tcp.ts';
import type { TlsContexts } from './tls-contexts.ts';
import { certificateProblem, handshakeProblem } from './tls-failure.ts';

/** Who the handshake showed the client to be, or why it does not get in. */
type Shown = { readonly peer: PeerIdentity | undefined } | { readonly problem: string };

/** What Node passes on to a socket that a server has accepted, but types for servers alone. */
interface PskOptionsOfNode {
  pskCallback?: (socket: TLSSocket, identity: string) => Buffer;
  pskIdentityHint?: string;
}

/**
 * The TLS side of one connection: the handshake and who the client is; what is behind it is somebody else's.
 *
 * ```
 * raw socket --> handshake --+--> client is known, or need not be --> link.opened, then(socket)
 *                            |--> certificate not accepted ---------> refused, close_notify
 *                            +--> failed: alert ---------------------> refused, closed
 * ```
 */
export class TlsHandshake {
  readonly #link: SocketLink;
  readonly #contexts: TlsContexts;
  readonly #raw: net.Socket;
  readonly #socket: TLSSocket;
  readonly #refuse: (reason: string) => void;
  readonly #then: (socket: TLSSocket) => void;
  /** The identity the client named last: the one whose key was asked for, and used if any was. */
  #identity: string | undefined = undefined;
  #secure = false;
  #refused = false;

  /**
   * @param raw with what it has read and not handed out
   * @param refuse tells why the client does not get in; called at most once
   * @param then goes on with a client that gets in
   */
  constructor(
    raw: net.Socket,
    link: SocketLink,
    contexts: TlsContexts,
    drainAbove: number,
    refuse: (reason: string) => void,
    then: (socket: TLSSocket) => void,
  ) {
    this.#raw = raw;
    this.#link = link;
    this.#contexts = contexts;
    this.#refuse = refuse;
    this.#then = then;
    this.#socket = new TLSSocket(raw, { ...this.#options(), highWaterMark: drainAbove } as TLSSocketOptions);
    link.adopt(this.#socket);
    const failed = (error: Error) => this.#failed(error);
    this.#socket.once('secure', () => this.#secured());
    this.#socket.on('error', failed);
    // Where a socket made like this one says what goes wrong after the handshake.
    this.#socket.on('_tlsError', failed);
    this.#socket.on('close', () => this.#closed());
  }

  #options(): TLSSocketOptions & PskOptionsOfNode {
    const contexts = this.#contexts;
    const { clientCertificate, psk, sni = [] } = contexts.options;
    return {
      isServer: true,
      secureContext: contexts.context,
      requestCert: contexts.asksCertificate,
      rejectUnauthorized: clientCertificate === 'require',
      ...(sni.length === 0 ? {} : { SNICallback: (host, answer) => answer(null, contexts.contextOf(host)) }),
      ...(psk === undefined ? {} : { pskCallback: (_socket, identity) => this.#pskOf(identity) }),
      ...(psk?.hint === undefined ? {} : { pskIdentityHint: psk.hint }),
    };
  }

  #pskOf(identity: string): Buffer {
    this.#identity = identity;
    return this.#contexts.pskOf(identity);
  }

  #secured(): void {
    this.#secure = true;
    const link = this.#link;
    if (link.ending) return;
    link.opened();
    const shown = this.#shown();
    if ('problem' in shown) {
      this.#sayRefused(shown.problem);
      link.receiver.ended(); // the core ends the link, and no byte was fed
      return;
    }
    link.peer = shown.peer;
    this.#then(this.#socket);
  }

  #shown(): Shown {
    const contexts = this.#contexts;
    if (contexts.options.psk !== undefined && this.#pskUsed()) {
      const username = this.#identity ?? '';
      // It was known when its key was asked for, unless it was taken out of the file just now.
      if (contexts.knowsIdentity(username)) return { peer: { by: 'psk', username } };
      return { problem: `the pre-shared key of ${quoted(username)} is not in tls.psk any more` };
    }
    return contexts.asksCertificate ? this.#shownByCertificate() : { peer: undefined };
  }

  /** Naming an identity is not proving it: only a handshake that used the key does. Sessions are not resumed here. */
  #pskUsed(): boolean {
    if (this.#identity === undefined) return false;
    return this.#socket.getProtocol() === 'TLSv1.3'
      ? this.#socket.isSessionReused()
      : this.#socket.getCipher().name.includes('PSK');
  }

  #shownByCertificate(): Shown {
    const { clientCertificate, usernameFrom = 'cn' } = this.#contexts.options;
    const certificate = this.#socket.getPeerCertificate();
    if (certificate === null || Object.keys(certificate).length === 0) {
      if (clientCertificate === 'optional') return { peer: undefined };
      return { problem: 'it sent no certificate, and this listener requires one (tls.clientCertificate)' };
    }
    const wrong = this.#verifyError();
    if (wrong !== null) return { problem: `its certificate is not accepted: ${certificateProblem(wrong)}` };
    if (usernameFrom === 'none') return { peer: undefined };
    const user = userOfCertificate(certificate, usernameFrom);
    if ('problem' in user) return { problem: `its certificate is not accepted: ${user.problem}` };
    return { peer: { by: 'certificate', username: user.username } };
  }

  /** OpenSSL's verdict on the client's certificate; null = valid. Node tells it on the handle alone. */
  #verifyError(): string | null {
    const handle = (this.#socket as unknown as { _handle?: { verifyError?: () => NodeJS.ErrnoException | null } })
      ._handle;
    if (typeof handle?.verifyError !== 'function') return 'this Node does not tell whether it is valid';
    const error = handle.verifyError();
    return error === null || error === undefined ? null : (error.code ?? error.message);
  }

  #failed(error: Error): void {
    this.#link.error ??= error;
    if (!this.#secure) this.#sayRefused(this.#whyFailed(error));
    this.#socket.destroy();
  }

  #whyFailed(error: NodeJS.ErrnoException): string {
    const identity = this.#identity;
    if (identity === undefined || !/BAD_RECORD_MAC|BINDER|DECRYPT|DIGEST_CHECK/.test(error.code ?? '')) {
      return handshakeProblem(error);
    }
    return this.#contexts.knowsIdentity(identity)
      ? `its pre-shared key for ${quoted(identity)} is wrong`
      : `the pre-shared key identity ${quoted(identity)} is unknown`;
  }

  #closed(): void {
    // A connection that never said anything was a look whether the port is open.
    if (!this.#secure && this.#raw.bytesRead > 0) {
      this.#sayRefused('it closed the connection during the TLS handshake');
    }
    this.#link.gone();
  }

  #sayRefused(reason: string): void {
    // What the core ended it has told itself.
    if (this.#refused || this.#link.ending) return;
    this.#refused = true;
    this.#refuse(reason);
  }
}

/** What a stranger sent, fit for a line of the log. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 128 ? `${text.slice(0, 128)}...` : text);
}
