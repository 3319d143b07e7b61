import type { ConnackPacket, ConnectPacket, Packet, PacketSink } from '@cauldron/protocol';
import { MqttError, PacketType, protocolError, ReasonCode } from '@cauldron/protocol';
import { Client } from './client.ts';
import { connectionClosed, connectionRefused } from './error.ts';
import type { ConnectOptions } from './options.ts';
import { openSocket, targetOf } from './socket.ts';
import { Wire } from './wire.ts';

/** Whole packets up to the largest the protocol knows (section 2.1.4). */
const LARGEST_PACKET = 268_435_460;

/**
 * Connects to a broker with MQTT 3.1, 3.1.1 or 5.0, over TCP, TLS or a Unix socket.
 *
 * @throws {UnreachableError} when no connection comes about
 * @throws {MqttError} CONNECTION_REFUSED with the broker's reason; CONNECTION_CLOSED when it hangs up instead;
 *   TIMEOUT when it says nothing
 * @example
 * const client = await connect({ host: 'localhost' });
 * client.onMessage((message) => console.log(message.topic));
 * await client.subscribe('kitchen/#');
 * await client.publish('kitchen/soup', 'ready', { qos: 1 });
 * await client.end();
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const timeout = options.connectTimeout ?? 30_000;
  const started = performance.now();
  const socket = await openSocket(options, timeout);
  const left = Math.max(1, timeout - (performance.now() - started));
  return new Promise((resolve, reject) => {
    let client: Client | undefined;
    const fail = (error: Error) => {
      clearTimeout(timer);
      if (client !== undefined) {
        client.fail(error);
        return;
      }
      reject(error);
      wire.end();
    };
    const beforeConnack = (packet: Packet) => {
      if (packet.type !== PacketType.connack) throw protocolError(firstPacketProblem(packet)); // [MQTT-3.2.0-1]
      options.trace?.('received', packet);
      clearTimeout(timer);
      if (packet.reasonCode === 0) resolve((client = welcome(wire, packet, options)));
      else fail(connectionRefused(packet, options.protocolVersion ?? 5, targetOf(options)));
    };
    const sink: PacketSink = {
      onPublish: (view) => (client === undefined ? beforeConnack(view.toPacket()) : client.handlePublish(view)),
      onAck: (type, packetId, reasonCode, properties) => {
        if (client === undefined) beforeConnack({ type, packetId, reasonCode });
        else client.handleAck(type, packetId, reasonCode, properties);
      },
      onPacket: (packet) => (client === undefined ? beforeConnack(packet) : client.handlePacket(packet)),
    };
    const wire = new Wire(socket, sink, {
      version: options.protocolVersion ?? 5,
      maxPacketSize: options.properties?.maximumPacketSize ?? LARGEST_PACKET,
      trace: options.trace,
      onBytes: () => client?.bytesReceived(),
      onError: fail,
      onClose: (error) => {
        if (client === undefined) fail(closedEarly(options, error));
        else client.socketClosed(error);
      },
    });
    const timer = setTimeout(() => fail(noAnswer(options, timeout)), left);
    options.signal?.addEventListener('abort', () => client ?? fail(connectionClosed('connecting was given up')), {
      once: true,
    });
    try {
      wire.send(connectPacket(options));
    } catch (error) {
      fail(error as Error);
    }
  });
}

const welcome = (wire: Wire, connack: ConnackPacket, options: ConnectOptions): Client =>
  new Client(wire, connack, options);

function connectPacket(options: ConnectOptions): ConnectPacket {
  const { password, protocolVersion = 5 } = options;
  return {
    type: PacketType.connect,
    protocolVersion,
    cleanStart: options.cleanStart ?? true,
    keepAlive: options.keepAlive ?? 60,
    clientId: options.clientId ?? '',
    will: options.will,
    username: options.username,
    password: typeof password === 'string' ? new TextEncoder().encode(password) : password,
    properties: protocolVersion === 5 ? options.properties : undefined,
  };
}

const firstPacketProblem = (packet: Packet): string =>
  packet.type === PacketType.auth
    ? 'the broker asks for an authentication exchange (AUTH), which this client does not do yet'
    : `the broker's first packet has type ${packet.type}; CONNACK was expected`;

const closedEarly = (options: ConnectOptions, error: Error | undefined): MqttError =>
  connectionClosed(
    `${targetOf(options)} closed the connection without answering CONNECT` +
      `${error === undefined ? '' : ` (${error.message})`}; is it an MQTT broker that speaks this version, ` +
      `${options.tls === undefined ? 'and does the port want TLS' : 'and does it want a client certificate'}?`,
    error,
  );

const noAnswer = (options: ConnectOptions, timeout: number): MqttError =>
  new MqttError(`${targetOf(options)} did not answer CONNECT within ${timeout} ms; is it an MQTT broker?`, {
    code: 'TIMEOUT',
    reasonCode: ReasonCode.unspecifiedError,
  });
