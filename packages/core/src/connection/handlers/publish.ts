import { LARGE_FRAME, MqttError, PacketType, type PublishView, type QoS, ReasonCode } from '@cauldron/protocol';
import { intercept } from '../../interception.ts';
import { Message } from '../../message.ts';
import type { Decision, Refusal } from '../../ports.ts';
import { PublishRun } from '../../routing/publish-run.ts';
import type { Topic } from '../../routing/topic-table.ts';
import { publishWaits } from '../../session/unwritten.ts';
import { mostStoredBytes } from '../../store/admission.ts';
import { SessionChange } from '../../store/group.ts';
import { answerDelivery, answerPublish, answerRefused } from '../answers.ts';
import type { Connection } from '../connection.ts';
import { PublishRights } from '../publish-rights.ts';
import { ConnectionState } from '../state.ts';
import { Work } from '../turn-share.ts';

/**
 * PUBLISH (section 3.3), hop 3 of its way: what may be checked without asking anybody, authorization, interceptors,
 * the retained message, routing, and the acknowledgement. Plain calls from end to end: a promise exists only where a port
 * returned one.
 */
export function handlePublish(connection: Connection, view: PublishView): void {
  const { core } = connection;
  core.metrics.publishReceived += 1;
  core.metrics.publishBytesReceived += view.end - view.frameStart; // whole packets, as those sent are
  if (core.run.extend(view)) return;
  core.endRun();
  // Who heard of a drop in the run may have ended this client.
  if (connection.state === ConnectionState.closed) return;
  const topic = findTopic(connection, view);
  if (view.qos !== 0 || view.retain || view.hasSubscriptionIdentifiers) {
    checkOffer(connection, view);
    if (view.qos === 2 && connection.session!.inbound.has(view.packetId)) {
      repeated(connection, view.packetId);
      return;
    }
  }
  if (topic.reserved) {
    refuse(connection, topic.name, view.qos, view.packetId, reservedTopic);
    return;
  }
  if (core.ports.authorizer !== null || core.ports.interceptors.length > 0) {
    askPorts(connection, topic, view);
    return;
  }
  pass(connection, topic, view);
}

/** Nobody has anything against a packet: it begins a run, or goes its way alone. */
function pass(connection: Connection, topic: Topic, view: PublishView): void {
  // A large packet that came in memory of its own is sent by reference, which a run is not.
  const byReference = view.owned && view.end - view.frameStart >= LARGE_FRAME;
  if (PublishRun.fits(view) && !byReference) connection.core.run.begin(topic, view, connection.session);
  else route(connection, topic, view);
}

/** A QoS 2 message that came before is not published again, and its PUBREC promises the same. // [MQTT-4.3.3-10] */
function repeated(connection: Connection, packetId: number): void {
  const session = connection.session!;
  const unwritten = session.unwritten?.get(packetId);
  if (unwritten === undefined) answerDelivery(connection, PacketType.pubrec, packetId, ReasonCode.success);
  else answerPublish(connection, PacketType.pubrec, packetId, ReasonCode.success, unwritten, session.number > 0);
}

/** Sends a packet that may be published on its way, and answers it. */
function route(connection: Connection, topic: Topic, view: PublishView): void {
  const { core } = connection;
  const { qos, packetId } = view;
  const refusal = core.admission.mayRefuse ? refusalOf(connection, topic, view) : null;
  if (refusal !== null) cannotKeep(connection, topic.name, qos, packetId, refusal);
  else acknowledge(connection, topic, qos, packetId, core.publishView(topic, view, connection.session));
}

function refusalOf(connection: Connection, topic: Topic, view: PublishView): Refusal | null {
  const { core, session: publisher, version5: tellable } = connection;
  const { qos, retain } = view;
  return core.admission.refusal({ topic, qos, retain, size: mostStoredBytes(topic, view), publisher, tellable });
}

/** A publish that the store cannot keep: 5.0 is told, and 3.x, which cannot be, loses its connection unacknowledged. */
function cannotKeep(connection: Connection, topic: string, qos: number, packetId: number, refusal: Refusal): void {
  if (connection.version5) refuse(connection, topic, qos, packetId, refusal);
  else connection.end(refusal.reasonCode, refusal.reason);
}

const reservedTopic: Refusal = {
  reasonCode: ReasonCode.notAuthorized,
  reason: 'topics below $SYS belong to the broker; publish to another topic',
};

/** The topic by alias or by its bytes, which decodes and checks the name only when it is new. */
function findTopic(connection: Connection, view: PublishView): Topic {
  if (view.topicAlias !== 0) return findAlias(connection, view);
  if (view.topicEnd === view.topicStart) {
    // [MQTT-4.7.3-1]
    throw new MqttError('a PUBLISH has neither a topic nor a topic alias', {
      code: connection.version5 ? 'PROTOCOL_ERROR' : 'TOPIC_NAME_INVALID',
      reasonCode: connection.version5 ? ReasonCode.protocolError : ReasonCode.topicNameInvalid,
      spec: 'MQTT-4.7.3-1',
    });
  }
  return lookUp(connection, view);
}

function lookUp(connection: Connection, view: PublishView): Topic {
  const { core } = connection;
  const known = core.router.topics.find(view.bytes, view.topicStart, view.topicEnd);
  if (known !== null) return known;
  const name = view.topicName();
  const problem = core.topicProblem(name);
  if (problem !== null) {
    throw new MqttError(problem, { code: 'TOPIC_NAME_INVALID', reasonCode: ReasonCode.topicNameInvalid });
  }
  core.turns.spend(Work.newTopic);
  return core.router.topics.add(name);
}

function findAlias(connection: Connection, view: PublishView): Topic {
  const alias = view.topicAlias;
  const maximum = connection.listener.mqtt.topicAliasMaximum;
  if (alias > maximum) {
    throw aliasInvalid(`topic alias ${alias} is above the maximum of ${maximum}`, 'MQTT-3.3.2-9'); // [MQTT-3.3.2-9]
  }
  if (view.topicEnd > view.topicStart) {
    const topic = lookUp(connection, view);
    connection.aliasesIn ??= [];
    connection.aliasesIn[alias] = topic; // [MQTT-3.3.2-12]
    return topic;
  }
  const topic = connection.aliasesIn?.[alias]; // [MQTT-3.3.2-12]
  if (topic === undefined) throw aliasInvalid(`topic alias ${alias} stands for no topic yet; send the topic once`);
  if (!topic.evicted) return topic;
  const again = connection.core.router.topics.intern(topic.name);
  connection.aliasesIn![alias] = again;
  return again;
}

function aliasInvalid(reason: string, spec?: string): MqttError {
  return new MqttError(reason, { code: 'TOPIC_ALIAS_INVALID', reasonCode: ReasonCode.topicAliasInvalid, spec });
}

/** What CONNACK said the broker does not do, and how much it takes at once. */
function checkOffer(connection: Connection, view: PublishView): void {
  const { mqtt } = connection.listener;
  if (view.hasSubscriptionIdentifiers) {
    // [MQTT-3.3.4-6]
    throw new MqttError('a PUBLISH from a client carries a subscription identifier', {
      code: 'PROTOCOL_ERROR',
      reasonCode: ReasonCode.protocolError,
      spec: 'MQTT-3.3.4-6',
    });
  }
  if (view.qos > mqtt.maximumQoS) {
    // [MQTT-3.2.2-11]
    throw new MqttError(`QoS ${view.qos} is above the maximum of ${mqtt.maximumQoS} (mqtt.maximumQoS)`, {
      code: 'QOS_NOT_SUPPORTED',
      reasonCode: ReasonCode.qosNotSupported,
      spec: 'MQTT-3.2.2-11',
    });
  }
  if (view.retain && !mqtt.retainAvailable) {
    // [MQTT-3.2.2-14]
    throw new MqttError('retained messages are switched off (mqtt.retainAvailable)', {
      code: 'RETAIN_NOT_SUPPORTED',
      reasonCode: ReasonCode.retainNotSupported,
      spec: 'MQTT-3.2.2-14',
    });
  }
  if (view.qos !== 0 && connection.version5) checkReceiveMaximum(connection, view);
}

/** 3.x names no receive maximum; there the packet identifiers are the limit. */
function checkReceiveMaximum(connection: Connection, view: PublishView): void {
  const inbound = connection.session!.inbound;
  const inflight = inbound.size + connection.pendingPublishes;
  if (inflight < connection.limits.receiveMaximum || inbound.has(view.packetId)) return;
  connection.core.metrics.receiveMaximumExceeded += 1;
  // [MQTT-3.3.4-7]
  throw new MqttError(
    `more than ${connection.limits.receiveMaximum} publishes are in flight (limits.receiveMaximum); wait for acknowledgements`,
    { code: 'RECEIVE_MAXIMUM_EXCEEDED', reasonCode: ReasonCode.receiveMaximumExceeded, spec: 'MQTT-3.3.4-7' },
  );
}

/** Asks authorizer and interceptors, which may take their time: from here on the message has its own bytes. */
function askPorts(connection: Connection, topic: Topic, view: PublishView): void {
  const { core } = connection;
  const { interceptors } = core.ports;
  const { qos, packetId, retain } = view;
  const decision = mayPublish(connection, topic, qos, retain);
  if (decision instanceof Promise) {
    const message = Message.fromView(view, topic.name, topic.bytes, core.now);
    if (qos !== 0) connection.pendingPublishes += 1;
    connection.wait(decision, (answer) => {
      if (qos !== 0) connection.pendingPublishes -= 1;
      if (answer !== true) refuse(connection, topic.name, qos, packetId, answer);
      else publishMessage(connection, message, packetId);
    });
  } else if (decision !== true) {
    refuse(connection, topic.name, qos, packetId, decision);
  } else if (interceptors.length > 0) {
    publishMessage(connection, Message.fromView(view, topic.name, topic.bytes, core.now), packetId);
  } else {
    pass(connection, topic, view);
  }
}

function mayPublish(connection: Connection, topic: Topic, qos: QoS, retain: boolean): Decision | Promise<Decision> {
  const { authorizer } = connection.core.ports;
  if (authorizer === null) return true;
  connection.rights ??= new PublishRights();
  return connection.rights.decide(authorizer, connection.client!, topic, qos, retain);
}

function publishMessage(connection: Connection, message: Message, packetId: number): void {
  const { core } = connection;
  const { qos } = message;
  const outcome = intercept(core, message, connection.client!);
  if (outcome === 'drop') {
    core.published = null;
    core.publishedRetained = false;
    core.publishRefusal = null;
    acknowledge(connection, core.router.topics.intern(message.topic), qos, packetId, ReasonCode.success);
  } else if (outcome instanceof Message) {
    const topic = core.router.topics.intern(outcome.topic);
    const refusal = core.refusal(outcome, connection.session, connection.version5);
    if (refusal !== null) {
      cannotKeep(connection, message.topic, qos, packetId, refusal);
      return;
    }
    const reasonCode = core.publishMessage(outcome, connection.session, connection.version5);
    acknowledge(connection, topic, qos, packetId, reasonCode);
  } else {
    refuse(connection, message.topic, qos, packetId, outcome);
  }
}

/**
 * Answers a publish that was routed, or refused by a limit: `reasonCode` is what PUBACK and PUBREC carry. Where the store
 * has to keep something of it, the answer leaves when it has, unless the publisher or the topic wants it at once.
 * // [MQTT-3.3.4-1] [MQTT-2.2.1-5]
 */
function acknowledge(connection: Connection, topic: Topic, qos: number, packetId: number, reasonCode: number): void {
  const { core } = connection;
  if (core.published !== null && core.journal!.overloaded) connection.waitForStore();
  if (qos === 0) return;
  if (core.publishRefusal !== null) {
    const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
    answerRefused(connection, type, packetId, reasonCode, core.publishRefusal.reason);
    return;
  }
  const fromMemory = core.journal === null || core.admission.acksFromMemory(connection.listener, topic);
  const record = fromMemory ? null : core.published;
  // What is retained must not turn older in a crash, so that promise stands where nobody else needs the message.
  const retained = !fromMemory && core.publishedRetained;
  if (qos === 1) {
    answerPublish(connection, PacketType.puback, packetId, reasonCode, record, retained); // [MQTT-4.3.2-4] [MQTT-4.3.2-5]
    return;
  }
  // Noted only now: a message whose connection broke while a port thought about it is new when it comes again. In 3.x
  // the exchange goes on whatever the code, which it cannot tell. // [MQTT-4.3.3-9]
  const session = connection.session!;
  const begins = reasonCode < 0x80 || !connection.version5;
  if (begins) {
    session.inbound.begin(packetId);
    core.journal?.touch(session, SessionChange.delivery);
  }
  if (begins && record !== null) publishWaits(session, packetId, record);
  const firm = retained || (begins && session.number > 0 && !fromMemory);
  answerPublish(connection, PacketType.pubrec, packetId, reasonCode, record, firm); // [MQTT-4.3.3-8]
}

/**
 * Says no to a publish. 5.0 has a reason code for it; in 3.1.1 the message is acknowledged and goes nowhere, since its
 * only other answer would be to close the connection (MQTT 3.1.1 section 3.3.5.2).
 */
function refuse(connection: Connection, topic: string, qos: number, packetId: number, refusal: Refusal): void {
  const { core } = connection;
  core.metrics.publishesDenied += 1;
  core.observer.denied?.(connection.client!, 'publish', topic, refusal);
  if (qos === 0) return;
  // In 3.x the exchange goes on as if it had been accepted, so its PUBREL finds the identifier. // [MQTT-4.3.3-9]
  if (qos === 2 && !connection.version5) {
    connection.session!.inbound.begin(packetId);
    core.journal?.touch(connection.session!, SessionChange.delivery);
  }
  const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
  answerRefused(connection, type, packetId, refusal.reasonCode, refusal.reason);
}
