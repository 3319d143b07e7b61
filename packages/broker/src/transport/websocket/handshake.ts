import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, listHas } from '../../http/answer.ts';

/** Names of MQTT as a subprotocol, the one to be chosen first: today's, and that of MQTT 3.1 clients. */
export const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'] as const;

const VERSION = '13';
/** What a server shows it has read (RFC 6455, section 1.3). */
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Sixteen bytes in base64, from whatever encoder: the last four bits need not be zero. */
const KEY = /^[A-Za-z\d+/]{22}==$/;
const EXTENSION = 'permessage-deflate';

/** What is looked at of a request to upgrade. */
export interface UpgradeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
}

export interface HandshakeOptions {
  /** Path of the endpoint. */
  readonly path: string;
  /** Messages may be compressed where the client wants it. */
  readonly compression: boolean;
}

/** What an upgrade is answered with. */
export interface Accepted {
  readonly response: string;
  /** Messages may be compressed. */
  readonly deflate: boolean;
}

/** Checks a request to upgrade to WebSocket (RFC 6455, section 4.2), whose Host and Origin were checked before. */
export function checkUpgrade(request: UpgradeRequest, options: HandshakeOptions): Accepted | Answer {
  const wrong = requestProblem(request, options);
  if (wrong !== null) return wrong;
  const offered = elements(request.headers['sec-websocket-protocol']);
  const protocol = SUBPROTOCOLS.find((name) => offered.includes(name)); // [MQTT-6.0.0-4]
  if (protocol === undefined) return withoutProtocol(offered);
  const deflate = options.compression && offersDeflate(request.headers['sec-websocket-extensions']);
  return { response: acceptance(request.headers['sec-websocket-key']!, protocol, deflate), deflate };
}

/** What is said to whoever asks for anything but the endpoint, or for the endpoint without WebSocket. */
export function otherwise(url: string | undefined, path: string): Answer {
  if (pathOf(url) === path) {
    const reason =
      `This is MQTT over WebSocket, and the request does not ask for WebSocket. Connect an MQTT client to ws://HOST:PORT${path} ` +
      `(wss:// where there is TLS), with the subprotocol mqtt. A proxy on the way has to pass on the headers Upgrade and Connection.`;
    return { status: 426, reason, headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' } };
  }
  return { status: 404, reason: `There is nothing here. MQTT over WebSocket is at ${path}.` };
}

function requestProblem(request: UpgradeRequest, { path }: HandshakeOptions): Answer | null {
  const { method, url, headers, headersDistinct } = request;
  if (method !== 'GET') {
    const reason = 'WebSocket begins with a GET request. Use a WebSocket client.';
    return { status: 405, reason, headers: { Allow: 'GET' } };
  }
  if (pathOf(url) !== path) return otherwise(url, path);
  if (Number(request.httpVersion) < 1.1)
    return bad('WebSocket needs HTTP/1.1 or newer. Use another client, or another proxy.');
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    return bad('A request for WebSocket has no body. Send none.');
  if (!listHas(headers, 'upgrade', 'websocket') || !listHas(headers, 'connection', 'upgrade'))
    return otherwise(url, path);
  if (single(headersDistinct, 'sec-websocket-version') !== VERSION) {
    const reason = `This server speaks version ${VERSION} of WebSocket (Sec-WebSocket-Version: ${VERSION}). Use a client that does.`;
    const more = { 'Sec-WebSocket-Version': VERSION, Upgrade: 'websocket', Connection: 'Upgrade, close' };
    return { status: 426, reason, headers: more };
  }
  if (!KEY.test(single(headersDistinct, 'sec-websocket-key')))
    return bad('Sec-WebSocket-Key is not sixteen bytes in base64. Send it once, made anew for each connection.');
  return null;
}

const bad = (reason: string): Answer => ({ status: 400, reason });

/** The value of a header that is there once; else nothing. */
function single(headers: UpgradeRequest['headersDistinct'], name: string): string {
  const values = headers[name] ?? [];
  return values.length === 1 ? values[0]!.trim() : '';
}

function withoutProtocol(offered: readonly string[]): Answer {
  const found = offered.length === 0 ? 'offers no subprotocol' : 'offers no subprotocol that this server speaks';
  const names = SUBPROTOCOLS.join(' or ');
  return bad(
    `The request ${found}. Offer ${names} (Sec-WebSocket-Protocol: mqtt); in a page: new WebSocket(url, 'mqtt').`,
  );
}

function acceptance(key: string, protocol: string, deflate: boolean): string {
  const accept = createHash('sha1').update(key.trim()).update(MAGIC).digest('base64');
  const extension = `${EXTENSION}; server_no_context_takeover; client_no_context_takeover`;
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
    ...(deflate ? [`Sec-WebSocket-Extensions: ${extension}`] : []),
    '\r\n',
  ].join('\r\n');
}

/**
 * Whether one of the offers of permessage-deflate can be accepted with no context on either side (RFC 7692, section 7.1).
 * A client that wants to choose the window of what it is sent is not served: that would have to be answered, and to fit.
 */
function offersDeflate(header: string | undefined): boolean {
  return elements(header).some((offer) => {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim());
    if (name !== EXTENSION) return false;
    const names = parameters.map((parameter) => parameter.split('=')[0]!.trim());
    const known = parameters.every(
      (parameter) =>
        /^(?:server|client)_no_context_takeover$/.test(parameter) ||
        /^client_max_window_bits(?:\s*=\s*"?(?:[89]|1[0-5])"?)?$/.test(parameter),
    );
    return known && new Set(names).size === names.length;
  });
}

const elements = (header: string | string[] | undefined): string[] =>
  (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');

/** The path of a request's target, without its query. */
function pathOf(url = ''): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
