import { type Authority, canonicalHost, isWildcard, parseAuthority, showAuthority } from './authority.ts';

/** What is looked at of a request; an `IncomingMessage` of Node, of a page as of an upgrade, is one. */
export interface GuardedRequest {
  readonly method?: string | undefined;
  /** Every header with all its values: a header that stands there twice must be seen twice. */
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
  readonly socket: {
    /** The address the client connected to. */
    readonly localAddress?: string | undefined;
  };
}

/** Who a listener of HTTP may be called, and whose pages may use it. */
export interface OriginGuardOptions {
  /** Where it listens, with the port it really has. */
  readonly listener: { readonly host: string; readonly port: number };
  /** It speaks TLS. */
  readonly secure: boolean;
  /**
   * Names and addresses under which it is reached beside the obvious ones: `broker.example.org` with any port, or
   * `broker.example.org:8443` with this one.
   */
  readonly names?: readonly string[] | undefined;
  /**
   * Origins of other sites whose pages may use it: `https://app.example.org`, `capacitor://localhost` of an app; `*` =
   * pages of every site, for what asks for a password of its own.
   */
  readonly origins?: readonly string[] | undefined;
  /**
   * Pages of the client's own machine, of whatever port, may use it where the request is for this machine too: whoever
   * serves them there could connect without a browser just as well.
   */
  readonly localPages?: boolean | undefined;
}

/** Why a request is not answered. */
export interface HttpRefusal {
  /** HTTP status to answer with. */
  readonly status: 400 | 403 | 421;
  /** What happened, why, and what to do. It repeats what the client sent: to be sent as plain text only. */
  readonly reason: string;
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const USUAL_PORT: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/**
 * Whether a request was meant for this listener and comes from a page that may use it; to be asked for every HTTP
 * request and every upgrade to WebSocket, before anything else of it is looked at.
 *
 *     Host    has to be a name of this listener: a page of another site whose name was made to point here
 *             (DNS rebinding) still says that name. Loopback names and the listener's own address count with the
 *             listener's port, configured names as they are written
 *     Origin  where there is one, has to be that of the listener's own pages, a configured one, or one of this machine
 *             where those may: browsers send it with everything that changes something and with every WebSocket. A
 *             program that is no browser sends none
 *     Sec-Fetch-Site  where a browser sends no Origin, must not say that another site's page asks, except to follow a link
 *
 * @returns true, or why not
 */
export function checkHostAndOrigin(request: GuardedRequest, options: OriginGuardOptions): true | HttpRefusal {
  const host = readHost(request.headersDistinct, options);
  if ('status' in host) return host;
  if (!isOwnName(host, request.socket.localAddress, options)) return misdirected(host, options);
  const origins = request.headersDistinct.origin ?? [];
  if (origins.length === 0) return checkWithoutOrigin(request);
  return checkOrigin(origins, host, options);
}

/** What is wrong with the options, for the configuration; undefined = nothing. */
export function originGuardProblem({ names = [], origins = [] }: OriginGuardOptions): string | undefined {
  const name = names.find((text) => parseAuthority(text) === undefined);
  if (name !== undefined) return `"${name}" is no host name; write NAME, NAME:PORT or an address.`;
  const origin = origins.find((text) => text !== '*' && parseOrigin(text) === undefined);
  if (origin !== undefined) return `"${origin}" is no origin; write https://HOST or https://HOST:PORT, without a path.`;
  return undefined;
}

// ---- Host

function readHost(headers: GuardedRequest['headersDistinct'], options: OriginGuardOptions): Authority | HttpRefusal {
  const values = headers.host ?? [];
  if (values.length !== 1) {
    const found = values.length === 0 ? 'no Host header' : `${values.length} Host headers`;
    return malformed(`The request has ${found}, so it is unclear whom it is for. Send exactly one.`);
  }
  const host = parseAuthority(values[0]!);
  if (host === undefined) {
    return malformed(`The Host header ${quote(values[0]!)} is no host name. Send the name in the address you use.`);
  }
  return withoutUsualPort(host, options.secure ? 'https:' : 'http:');
}

function isOwnName(given: Authority, localAddress: string | undefined, options: OriginGuardOptions): boolean {
  const { listener, secure, names = [] } = options;
  const scheme = secure ? 'https:' : 'http:';
  const own = [...LOOPBACK, canonicalHost(listener.host), canonicalHost(localAddress ?? '')];
  const onOwnPort = (given.port ?? USUAL_PORT.get(scheme)) === listener.port;
  // A page of any site may ask http://0.0.0.0/, which ends up at this machine.
  if (onOwnPort && own.includes(given.host) && !isWildcard(given.host)) return true;
  return names.some((text) => {
    const name = parseAuthority(text);
    if (name?.host !== given.host) return false;
    return name.port === undefined || name.port === (given.port ?? USUAL_PORT.get(scheme));
  });
}

function misdirected(host: Authority, { listener }: OriginGuardOptions): HttpRefusal {
  const shown = quote(showAuthority(host));
  return {
    status: 421,
    reason:
      `The request is for ${shown}, which is no name of this server. Names are checked because a web page could make its ` +
      `own name point here (DNS rebinding). Use localhost:${listener.port} or the server's address, or add ${shown} to ` +
      'the names of the listener.',
  };
}

// ---- Origin

function checkOrigin(values: readonly string[], host: Authority, options: OriginGuardOptions): true | HttpRefusal {
  const { origins = [], secure } = options;
  if (values.length !== 1) return malformed(`The request has ${values.length} Origin headers. Send one, or none.`);
  if (origins.includes('*')) return true;
  const text = values[0]!;
  const origin = parseOrigin(text);
  if (origin === undefined) return foreign(text, text === 'null' ? 'hides where it is from' : 'is from no web site');
  const own = showOrigin({ ...host, scheme: secure ? 'https:' : 'http:' });
  if (showOrigin(origin) === own) return true;
  const allowed = origins.some((other) => {
    const known = parseOrigin(other);
    return known !== undefined && showOrigin(known) === showOrigin(origin);
  });
  const isLocal =
    options.localPages === true &&
    LOOPBACK.includes(host.host) &&
    LOOPBACK.includes(origin.host) &&
    USUAL_PORT.has(origin.scheme);
  return allowed || isLocal || foreign(text, 'belongs to another site');
}

function foreign(origin: string, what: string): HttpRefusal {
  return {
    status: 403,
    reason:
      `The page that asks (Origin ${quote(origin)}) ${what}. Pages of other sites may not use this server with the ` +
      'rights of whoever looks at them. If this page is meant to, add its origin to the origins of the listener.',
  };
}

/** Browsers leave Origin out of what they hold for harmless, and then still say where it comes from. */
function checkWithoutOrigin({ method, headersDistinct }: GuardedRequest): true | HttpRefusal {
  const [site = 'none'] = headersDistinct['sec-fetch-site'] ?? [];
  if (site === 'same-origin' || site === 'none') return true;
  const [mode] = headersDistinct['sec-fetch-mode'] ?? [];
  if (mode === 'navigate' && (method === 'GET' || method === 'HEAD')) return true;
  return {
    status: 403,
    reason:
      `A page of another site asks (Sec-Fetch-Site ${quote(site)}). Pages of other sites may only lead to this server by a ` +
      'link. If the page is meant to use it, have it ask with CORS, and add its origin to the origins of the listener.',
  };
}

interface Origin extends Authority {
  readonly scheme: string;
}

function parseOrigin(text: string): Origin | undefined {
  // Apps and extensions have schemes of their own; no page is from one of WebSocket.
  const parts = /^(?!wss?:)([a-z][a-z\d+.-]*:)\/\/([^/]+)$/i.exec(text);
  const authority = parts === null ? undefined : parseAuthority(parts[2]!);
  if (parts === null || authority === undefined) return undefined;
  const scheme = parts[1]!.toLowerCase();
  return { scheme, ...withoutUsualPort(authority, scheme) };
}

const showOrigin = (origin: Origin): string => `${origin.scheme}//${showAuthority(origin)}`;

const withoutUsualPort = ({ host, port }: Authority, scheme: string): Authority => ({
  host,
  port: port === USUAL_PORT.get(scheme) ? undefined : port,
});

const malformed = (reason: string): HttpRefusal => ({ status: 400, reason });

/** What a client sent, short and on one line. */
const quote = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
