import {
  type ConnectPacket,
  LARGEST_PACKET,
  PacketType,
  type Properties,
  protocolError,
  ReasonCode,
  topicNameProblem,
} from '@cauldron/protocol';
import type { BrokerCore } from '../../broker-core.ts';
import { Message } from '../../message.ts';
import type { AuthenticationResult, Decision, Refusal } from '../../ports.ts';
import type { Session } from '../../session/session.ts';
import type { PendingWill } from '../../session/will.ts';
import { failureReason, type StoreFailure } from '../../store/store.ts';
import { refuseConnect } from '../connack.ts';
import type { Connection } from '../connection.ts';
import { ConnectionState } from '../state.ts';
import { checkBan, checkClientId, checkMemory, checkRoom, checkSessions, checkVisits } from './connect-limits.ts';

/** A CONNECT on its way through the steps. */
interface Attempt {
  readonly packet: ConnectPacket;
  readonly clientId: string;
  /** The client sent no identifier and was given this one. */
  readonly assigned: boolean;
}

/**
 * CONNECT (section 3.1), in named steps; each may refuse, and a refusal is one CONNACK and the end.
 *
 *     check -> name -> will -> authenticate (may wait; AUTH exchange) -> authorize will (may wait) -> open session -> CONNACK
 */
export function handleConnect(connection: Connection, packet: ConnectPacket): void {
  if (connection.state !== ConnectionState.opening) {
    throw protocolError('a second CONNECT came on the same connection', 'MQTT-3.1.0-2'); // [MQTT-3.1.0-2]
  }
  connection.state = ConnectionState.authenticating;
  connection.core.guard.halfOpen.remove(connection);
  connection.output.version = packet.protocolVersion;
  connection.bridge = packet.bridge === true;
  connection.output.problemInformation = packet.properties?.requestProblemInformation !== 0;
  // The client's own maximum holds for the CONNACK already. // [MQTT-3.1.2-24]
  connection.output.maxPacketSize = Math.min(packet.properties?.maximumPacketSize ?? LARGEST_PACKET, LARGEST_PACKET);
  const refusal =
    checkBan(connection, packet.clientId) ??
    checkMemory(connection, packet) ??
    checkRoom(connection, packet.clientId) ??
    checkClientId(connection, packet) ??
    checkWill(connection, packet);
  if (refusal !== null) {
    refuseConnect(connection, refusal, {}, packet.clientId);
    return;
  }
  const assigned = packet.clientId === '';
  const clientId = assigned ? newClientId(connection.core) : packet.clientId; // [MQTT-3.1.3-6] [MQTT-3.1.3-7]
  authenticate(connection, { packet, clientId, assigned }, packet.properties?.authenticationData);
}

/** An identifier that no session has, whatever clients call themselves. // [MQTT-3.2.2-16] */
function newClientId(core: BrokerCore): string {
  for (;;) {
    const clientId = core.options.newClientId();
    if (core.sessions.get(clientId) === undefined) return clientId;
  }
}

function checkWill(connection: Connection, packet: ConnectPacket): Refusal | null {
  const will = packet.will;
  if (will === undefined) return null;
  const { core } = connection;
  const { mqtt } = connection.listener;
  const problem = topicNameProblem(will.topic) ?? core.topicProblem(will.topic);
  if (problem !== undefined && problem !== null) {
    return { reasonCode: ReasonCode.topicNameInvalid, reason: `the will's topic is not valid: ${problem}` };
  }
  if (will.topic === '$SYS' || will.topic.startsWith('$SYS/')) {
    return { reasonCode: ReasonCode.notAuthorized, reason: 'topics below $SYS belong to the broker' };
  }
  if (will.qos > mqtt.maximumQoS) {
    // [MQTT-3.2.2-12]
    const reason = `the will's QoS ${will.qos} is above the maximum of ${mqtt.maximumQoS} (mqtt.maximumQoS)`;
    return { reasonCode: ReasonCode.qosNotSupported, reason };
  }
  if (will.retain && !mqtt.retainAvailable) {
    // [MQTT-3.2.2-13]
    const reason = 'the will is to be retained, and retained messages are switched off (mqtt.retainAvailable)';
    return { reasonCode: ReasonCode.retainNotSupported, reason };
  }
  return null;
}

/** Asks the authenticator; with an enhanced method this comes back once for every AUTH of the client. */
function authenticate(connection: Connection, attempt: Attempt, data: Uint8Array | undefined): void {
  const { packet, clientId } = attempt;
  connection.authMethod = packet.properties?.authenticationMethod;
  const answer = connection.core.ports.authenticator.authenticate({
    clientId,
    username: packet.username,
    password: packet.password,
    protocolVersion: packet.protocolVersion,
    remoteAddress: connection.link.remoteAddress,
    listener: connection.link.listener,
    method: connection.authMethod,
    data,
    exchange: connection.authExchange,
    reauthentication: false,
    peer: connection.link.peer,
  });
  if (answer instanceof Promise) connection.wait(answer, (result) => authenticated(connection, attempt, result));
  else authenticated(connection, attempt, answer);
}

function authenticated(connection: Connection, attempt: Attempt, result: AuthenticationResult): void {
  switch (result.outcome) {
    case 'refuse': {
      const { reasonCode, reasonString: reason = 'authentication was refused', serverReference } = result;
      const refusal = { reasonCode, reason, ...(result.noted === true ? { noted: true } : {}) };
      refuseConnect(connection, refusal, serverReference === undefined ? {} : { serverReference }, attempt.clientId);
      return;
    }
    case 'continue':
      if (connection.authMethod === undefined) {
        // [MQTT-4.12.0-6]
        throw new Error('the authenticator wants to go on with a client that named no authentication method');
      }
      connection.authExchange = result.exchange;
      connection.resumeConnect = (data) => authenticate(connection, attempt, data);
      connection.core.guard.halfOpen.add(connection); // it is the client again that says nothing
      // [MQTT-4.12.0-2] [MQTT-4.12.0-5]
      connection.output.sendPacket({
        type: PacketType.auth,
        reasonCode: ReasonCode.continueAuthentication,
        properties: authProperties(connection, result.data),
      });
      return;
    case 'accept':
      connection.authExchange = undefined;
      connection.resumeConnect = null;
      authorizeWill(connection, attempt, result);
      return;
  }
}

type Accepted = Extract<AuthenticationResult, { outcome: 'accept' }>;

/** A will is a publish: it is allowed now or the connection is not. */
function authorizeWill(connection: Connection, attempt: Attempt, result: Accepted): void {
  const { core, link } = connection;
  const { packet, clientId } = attempt;
  const client = {
    clientId,
    username: result.username ?? packet.username,
    verified: result.anonymous !== true,
    rights: result.rights,
    protocolVersion: packet.protocolVersion,
    remoteAddress: link.remoteAddress,
    listener: link.listener,
    keepAlive: packet.keepAlive,
    cleanStart: packet.cleanStart,
  };
  connection.loggedIn(client, result.expiresAt);
  const { authorizer } = core.ports;
  const will = packet.will;
  if (authorizer === null || will === undefined) {
    open(connection, attempt, result);
    return;
  }
  const decide = (decision: Decision) => {
    if (decision === true) open(connection, attempt, result);
    else refuseConnect(connection, { ...decision, reason: `the will is not allowed: ${decision.reason}` });
  };
  const decision = authorizer.authorizePublish(client, will.topic, will.qos, will.retain);
  if (decision instanceof Promise) connection.wait(decision, decide);
  else decide(decision);
}

/** Opens the session, answers, and sends what waits, in that order. // [MQTT-3.2.0-1] [MQTT-3.2.0-2] */
function open(connection: Connection, attempt: Attempt, result: Accepted): void {
  const { core } = connection;
  const { packet, clientId } = attempt;
  const expiryInterval = wantedExpiry(connection, packet);
  const answer = connection.version5 ? connackProperties(connection, attempt, result, expiryInterval) : undefined;
  const refusal =
    checkRoom(connection, clientId) ??
    checkOwner(connection, clientId) ??
    checkSessions(connection, clientId) ??
    checkConnack(connection, answer) ??
    checkStore(connection, clientId, expiryInterval, packet.cleanStart) ??
    checkVisits(connection, clientId, attempt.assigned);
  if (refusal !== null) {
    refuseConnect(connection, refusal);
    return;
  }
  const { session, present } = core.sessions.open(clientId, packet.cleanStart); // [MQTT-3.1.4-4]
  // A program that hears of the take-over may stop the broker.
  if ((connection.state as ConnectionState) === ConnectionState.closed) {
    core.sessions.leave(session);
    return;
  }
  const will = willOf(connection, packet);
  session.belongsTo(connection.client!);
  // Where nobody looks at what is delivered, whoever has the session now must have the right to its subscriptions.
  if (present && core.receiveRule === null) core.recheck(session);
  core.sessions.begin(session, expiryInterval, null);
  const welcomed = () => welcome(connection, attempt, session, present, will, answer);
  session.claimedBy = connection.client;
  if (core.journal === null || core.journal.lives.known(clientId)) {
    welcomed();
    return;
  }
  // The store does not know that the session began, or that the one before is over: a crash would bring that one back.
  core.sessions.reserve(session, connection.limits.connectTimeout);
  connection.wait(core.journal.writtenOnce(), (failure) => {
    if (failure === null) welcomed();
    else cannotKeep(connection, session, failure);
  });
}

/** The store failed while a new session was being written: the client is told, and may come again. */
function cannotKeep(connection: Connection, session: Session, failure: StoreFailure): void {
  const { core } = connection;
  if (session.claimedBy === connection.client) core.sessions.end(session, 'discarded');
  refuseConnect(connection, storeRefusal(core, failure));
}

/** Binds the session, answers, and sends what waits. */
function welcome(
  connection: Connection,
  { packet }: Attempt,
  session: Session,
  present: boolean,
  will: PendingWill | null,
  answer: Properties | undefined,
): void {
  const { core } = connection;
  const properties = packet.properties;
  if (session.ended || session.claimedBy !== connection.client) {
    const reason = `another connection took the client identifier '${session.clientId}'`;
    refuseConnect(connection, { reasonCode: ReasonCode.serverBusy, reason });
    return;
  }
  core.sessions.stopWaiting(session);
  core.sessions.begin(session, session.expiryInterval, will); // [MQTT-3.1.2-7]
  session.claimedBy = null;
  connection.session = session;
  connection.state = ConnectionState.connected;
  connection.connectExpiryInterval = properties?.sessionExpiryInterval ?? 0;
  connection.decoder.maxPacketSize = connection.limits.maxPacketSize;
  connection.output.allowAliases(properties?.topicAliasMaximum ?? 0); // [MQTT-3.1.2-26]
  startKeepAlive(connection, packet.keepAlive);
  connection.meterRates();
  connection.output.sendPacket({
    type: PacketType.connack,
    sessionPresent: present, // [MQTT-3.2.2-2] [MQTT-3.2.2-3]
    reasonCode: ReasonCode.success, // [MQTT-3.1.4-5]
    properties: answer,
  });
  // [MQTT-3.3.4-9] [MQTT-4.9.0-1]
  session.attach(connection, Math.min(properties?.receiveMaximum ?? 65_535, connection.limits.maxInflight));
  // What was in flight is noted before a program hears of the client: what it publishes then comes behind it.
  session.inflight!.resend(connection);
  core.sessions.attached(connection, present);
  session.feed?.beginAll();
  session.pump();
}

/**
 * A session is its user's: nobody else gets what waits in it, ends it or takes its place. Where nobody was verified,
 * whoever has the client identifier has the session.
 */
function checkOwner(connection: Connection, clientId: string): Refusal | null {
  const { core } = connection;
  const { username, verified } = connection.client!;
  const owner = core.sessions.get(clientId)?.username ?? null;
  if (owner === null || (verified && owner === username)) return null;
  core.metrics.refusedOtherOwner += 1;
  const reason = `the client identifier '${clientId}' belongs to a session of another user; choose another one`;
  return { reasonCode: ReasonCode.clientIdentifierNotValid, reason };
}

/** A session that begins, or ends, and is to last needs a store that works. */
function checkStore(
  connection: Connection,
  clientId: string,
  expiryInterval: number,
  cleanStart: boolean,
): Refusal | null {
  const { core } = connection;
  if (core.journal === null || core.journal.failure === null) return null;
  const left = core.sessions.get(clientId);
  const resumes = !cleanStart && left !== undefined;
  const ends = cleanStart && left !== undefined && left.number > 0;
  if (core.journal.lives.known(clientId) && !ends && (expiryInterval === 0 || resumes)) return null;
  return storeRefusal(core, core.journal.failure);
}

function storeRefusal(core: BrokerCore, failure: StoreFailure): Refusal {
  core.metrics.refusedStoreFailing += 1;
  const reason = `a new session cannot be kept: ${failureReason(failure)}; try again later`;
  return { reasonCode: ReasonCode.serverUnavailable, reason };
}

/** A client that takes no packet as large as its CONNACK could never be told that it is connected. */
function checkConnack(connection: Connection, properties: Properties | undefined): Refusal | null {
  const connack = { type: PacketType.connack, sessionPresent: false, reasonCode: ReasonCode.success, properties };
  if (connection.output.fits(connack)) return null;
  const reason = `the CONNACK is larger than the client's maximum packet size of ${connection.output.maxPacketSize} bytes`;
  return { reasonCode: ReasonCode.packetTooLarge, reason };
}

/** Seconds; what 3.x sessions get is the maximum, since they cannot say. */
function wantedExpiry(connection: Connection, packet: ConnectPacket): number {
  if (packet.protocolVersion === 5) {
    return connection.core.sessions.cappedExpiry(packet.properties?.sessionExpiryInterval ?? 0);
  }
  return packet.cleanStart ? 0 : connection.core.options.mqtt.sessionExpiryMaximum;
}

function willOf(connection: Connection, packet: ConnectPacket) {
  const will = packet.will;
  if (will === undefined) return null;
  const { topic, payload, qos, retain, properties } = will;
  const message = Message.create({ topic, payload, qos, retain, properties }, connection.core.now); // [MQTT-3.1.3-10]
  return { message, delay: properties?.willDelayInterval ?? 0 };
}

/** From now on the wheel watches the keep alive instead of the connect time-out. // [MQTT-3.1.2-22] */
function startKeepAlive(connection: Connection, asked: number): void {
  const { core } = connection;
  const seconds = serverKeepAlive(connection) || asked; // [MQTT-3.2.2-22]
  connection.keepAliveMs = seconds * 1000;
  connection.lastSeen = core.now;
  connection.watch();
}

function serverKeepAlive(connection: Connection): number {
  // Only 5.0 clients can be told of another keep alive than theirs.
  return connection.version5 ? connection.listener.mqtt.serverKeepAlive : 0;
}

/** What a 5.0 client is told: only what differs from the defaults of the specification (section 3.2.2.3). */
function connackProperties(connection: Connection, attempt: Attempt, result: Accepted, granted: number): Properties {
  const { limits } = connection;
  const { mqtt } = connection.listener;
  const properties: Properties = {};
  if (limits.receiveMaximum < 65_535) properties.receiveMaximum = limits.receiveMaximum;
  const asked = attempt.packet.properties;
  if ((asked?.sessionExpiryInterval ?? 0) !== granted) properties.sessionExpiryInterval = granted;
  if (mqtt.maximumQoS < 2) properties.maximumQoS = mqtt.maximumQoS; // [MQTT-3.2.2-9]
  if (!mqtt.retainAvailable) properties.retainAvailable = 0;
  properties.maximumPacketSize = limits.maxPacketSize;
  if (attempt.assigned) properties.assignedClientIdentifier = attempt.clientId; // [MQTT-3.1.3-7] [MQTT-3.2.2-16]
  if (mqtt.topicAliasMaximum > 0) properties.topicAliasMaximum = mqtt.topicAliasMaximum;
  if (!mqtt.wildcardSubscriptions) properties.wildcardSubscriptionAvailable = 0;
  if (!mqtt.subscriptionIdentifiers) properties.subscriptionIdentifiersAvailable = 0;
  if (!mqtt.sharedSubscriptions) properties.sharedSubscriptionAvailable = 0;
  if (serverKeepAlive(connection) > 0) properties.serverKeepAlive = mqtt.serverKeepAlive;
  if (asked?.requestResponseInformation === 1) {
    const information = result.responseInformation ?? mqtt.responseInformation.replaceAll('%c', attempt.clientId);
    if (information !== '') properties.responseInformation = information; // [MQTT-3.1.2-28]
  }
  if (connection.authMethod !== undefined) Object.assign(properties, authProperties(connection, result.data));
  return properties;
}

/** The method always stands beside the data. // [MQTT-4.12.0-5] */
export function authProperties(connection: Connection, data: Uint8Array | undefined): Properties {
  const properties: Properties = { authenticationMethod: connection.authMethod! };
  if (data !== undefined) properties.authenticationData = data;
  return properties;
}
