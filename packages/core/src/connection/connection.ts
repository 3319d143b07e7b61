import {
  type AckType,
  FrameDecoder,
  FrameLimits,
  fromClients,
  MqttError,
  type Packet,
  PacketType,
  type Properties,
  type PublishView,
  ReasonCode,
} from '@cauldron/protocol';
import type { BrokerCore } from '../broker-core.ts';
import type { HalfOpen } from '../guard/half-open.ts';
import { type Metered, RateMeter } from '../guard/rate-meter.ts';
import type { Limits, ListenerSettings } from '../options.ts';
import type { ClientInfo, DisconnectReason, DropReason, Link, LinkReceiver } from '../ports.ts';
import type { Topic } from '../routing/topic-table.ts';
import type { Session } from '../session/session.ts';
import type { Stalled } from '../store/waiters.ts';
import type { TimerEntry } from '../timing/timer-wheel.ts';
import type { AckGate } from './ack-gate.ts';
import { disconnectCode } from './answer-codes.ts';
import { refuseConnect } from './connack.ts';
import { dispatchAck, dispatchPacket, tooEarly } from './dispatch.ts';
import { handlePublish } from './handlers/publish.ts';
import { Hold, OUR_SILENCE } from './hold.ts';
import { ClientOutput } from './output.ts';
import type { PublishRights } from './publish-rights.ts';
import { ConnectionState } from './state.ts';
import { packetTooLarge } from './too-large.ts';
import { Work, type Worker } from './turn-share.ts';

/** How long a closed connection may take to send its last bytes, milliseconds. */
const LINGER = 5000;
const PEER_CLOSED = 'the client closed the connection';

/**
 * One client connection: takes bytes from a link, hands packets to their handlers, and collects what goes back. This is
 * the only place of the data path that catches: whatever a handler or the decoder throws ends the connection here.
 */
export class Connection implements LinkReceiver, TimerEntry, Stalled, Metered, HalfOpen, Worker {
  readonly core: BrokerCore;
  readonly link: Link;
  readonly listener: ListenerSettings;
  readonly limits: Limits;
  readonly decoder: FrameDecoder<PublishView>;
  readonly output: ClientOutput;
  state: ConnectionState = ConnectionState.opening;
  session: Session | null = null;
  client: ClientInfo | null = null;
  /** When what the client showed at its login expires, milliseconds; Infinity = never. */
  expiresAt = Number.POSITIVE_INFINITY;
  /** What it may publish to; null where it has not published yet, or nobody decides. */
  rights: PublishRights | null = null;
  /** QoS 1 and 2 publishes whose answer waits for a port. */
  pendingPublishes = 0;
  /** Incoming topic aliases, by alias; null until one is set. They end with the connection. // [MQTT-3.3.2-7] */
  aliasesIn: (Topic | undefined)[] | null = null;
  /** What the client asked for at CONNECT: a DISCONNECT may not make 0 into more. */
  connectExpiryInterval = 0;
  /** Enhanced authentication: the method of CONNECT, and what the authenticator keeps between steps. */
  authMethod: string | undefined = undefined;
  authExchange: unknown = undefined;
  /** A connected client is authenticating again, and its next AUTH is due. */
  authPending = false;
  /** Set while an enhanced exchange of a CONNECT waits for the client's AUTH. */
  resumeConnect: ((data: Uint8Array | undefined) => void) | null = null;
  /** The peer is a bridge: it gets nothing back that it published, and the retain flag as published. */
  bridge = false;
  /** Answers that wait for the store; null where none ever did. */
  gate: AckGate | null = null;
  /** Milliseconds; 0 = no keep alive. */
  keepAliveMs = 0;
  /** When something last arrived, and when its client was let in (0 = not yet), milliseconds. */
  lastSeen: number;
  connectedAt = 0;
  /** PUBLISH packets, and bytes of every packet. */
  publishReceived = 0;
  bytesReceived = 0;
  dueAt = 0;
  previous: TimerEntry | null = null;
  next: TimerEntry | null = null;
  slot = -1;
  /** Answers of ports that are due; meanwhile nothing is read. */
  #waiting = 0;
  /** Bits of {@link Hold}: why nothing is read. */
  #holds = 0;
  /** How fast it sends; null where it may be any number. */
  #meter: RateMeter | null = null;
  #crowdedOut = false;
  /** What it sent last was too much for one turn. */
  #greedy = false;

  constructor(core: BrokerCore, link: Link, listener: ListenerSettings) {
    const limits = listener.limits;
    this.core = core;
    this.link = link;
    this.listener = listener;
    this.limits = limits;
    this.lastSeen = core.now;
    const onDrop = (reason: DropReason) => core.sessions.dropped(this.session!, reason);
    this.output = new ClientOutput(core, link, limits.maxOutboundBytes, onDrop, () => this.#hold(Hold.output));
    const maxPacketSize = Math.min(limits.maxConnectPacketSize, limits.maxPacketSize);
    const accepted = { accept: fromClients, maxPacketSize, limits: new FrameLimits(limits) };
    this.decoder = new FrameDecoder(this, { ...accepted, view: core.view });
  }

  get remoteAddress(): string {
    return this.link.remoteAddress;
  }

  get version5(): boolean {
    return this.decoder.version === 5;
  }

  // ---- input: what the link calls

  feed(chunk: Uint8Array, end: number): void {
    if (this.state === ConnectionState.closed) return;
    this.lastSeen = this.core.now;
    this.core.metrics.bytesReceived += end;
    this.bytesReceived += end;
    this.core.turns.begin(this.#greedy);
    try {
      this.decoder.push(chunk, end);
      if (!this.core.turns.usedUp) this.#greedy = false;
      this.core.endRun();
      if ((this.state as ConnectionState) !== ConnectionState.closed) this.#meter?.bytes(end);
    } catch (error) {
      this.fail(error);
    }
  }

  ended(): void {
    this.close({ reasonCode: ReasonCode.unspecifiedError, reason: PEER_CLOSED, by: 'network' });
  }

  malformed(reason: string): void {
    this.fail(new MqttError(reason, { code: 'PROTOCOL_ERROR', reasonCode: ReasonCode.protocolError }));
  }

  drained(): void {
    if (!this.output.congested || this.state === ConnectionState.closed) return;
    this.output.congested = false;
    try {
      if (this.session !== null) {
        this.session.dropping = false;
        this.session.pump();
      }
    } catch (error) {
      this.fail(error);
    }
    if ((this.#holds & Hold.output) !== 0) this.#release(Hold.output);
  }

  /** Reads nothing more until what it waits for is released. */
  #hold(why: Hold): void {
    this.#holds |= why;
    this.decoder.pause();
    this.link.pause();
  }

  #release(why: Hold): void {
    this.#holds &= ~why;
    // What it sent meanwhile has yet to be read: its keep alive begins anew.
    if ((why & OUR_SILENCE) !== 0) this.lastSeen = this.core.now;
    try {
      this.#readOn();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Reads again where nothing stands in the way any more. */
  #readOn(): void {
    if (this.state === ConnectionState.closed || this.#waiting > 0 || this.#holds !== 0) return;
    this.core.turns.begin();
    this.link.resume();
    this.decoder.resume();
    this.core.endRun();
  }

  /** Reads nothing more until the store has caught up: a publisher must not outrun it. */
  waitForStore(): void {
    if ((this.#holds & Hold.store) !== 0 || this.state === ConnectionState.closed) return;
    this.core.metrics.publishersStalled += 1;
    this.#hold(Hold.store);
    this.core.journal!.stall(this);
  }

  storeCaughtUp(): void {
    this.#release(Hold.store);
  }

  /** Lets the others have their turn before the next packet. */
  #yieldTurn(): void {
    if ((this.#holds & Hold.turn) !== 0 || this.state === ConnectionState.closed) return;
    if (this.core.turns.greedy) this.#greedy = true;
    this.#hold(Hold.turn);
    this.core.turns.later(this);
  }

  workOn(): void {
    this.#release(Hold.turn);
  }

  /** From now on what it sends is counted against its rates. */
  meterRates(): void {
    this.#meter = RateMeter.of(this, this.limits);
  }

  overRate(): void {
    if (this.state !== ConnectionState.closed) this.#hold(Hold.rate);
  }

  keptToRate(): void {
    this.#release(Hold.rate);
  }

  crowdedOut(limit: number): void {
    this.#crowdedOut = true;
    if (this.state === ConnectionState.closed) {
      this.link.destroy(); // it was told why, and does not close its side
      return;
    }
    this.core.metrics.refusedMaxHalfOpen += 1;
    const reason = `${limit} connections that came later wait for their CONNECT too, or for the next step of their login (limits.maxHalfOpen); send it at once`;
    this.end(ReasonCode.serverBusy, reason);
    this.link.destroy(); // nothing was said to it, so there is nothing to send before
  }

  closed(error?: Error): void {
    this.core.timers.cancel(this);
    this.core.guard.halfOpen.remove(this);
    if (this.state !== ConnectionState.closed) {
      const reason = error === undefined ? PEER_CLOSED : `the connection broke: ${error.message}`;
      this.#finish({ reasonCode: ReasonCode.unspecifiedError, reason, by: 'network' });
    }
    this.output.discard();
    this.core.forget(this);
  }

  // ---- input: what the decoder calls

  onPublish(view: PublishView): void {
    this.core.metrics.messagesReceived += 1;
    if (this.state !== ConnectionState.connected) throw tooEarly('PUBLISH');
    this.#meter?.message();
    this.publishReceived += 1;
    this.core.turns.spend(view.qos === 0 ? Work.publish : Work.acknowledgedPublish);
    handlePublish(this, view);
    if (this.core.turns.usedUp) this.#yieldTurn();
  }

  onAck(type: AckType, packetId: number, reasonCode: number, _properties: Properties | undefined): void {
    this.core.metrics.messagesReceived += 1;
    this.core.endRun();
    dispatchAck(this, type, packetId, reasonCode);
  }

  onPacket(packet: Packet): void {
    this.core.metrics.messagesReceived += 1;
    this.core.endRun();
    this.core.turns.spend(Work.packet);
    dispatchPacket(this, packet);
    if (this.core.turns.usedUp) this.#yieldTurn();
  }

  /**
   * Waits for a port that answers later: nothing more is decoded, so order is kept; then goes on in `then`. What the
   * port or `then` throws ends the connection like any other error.
   */
  wait<T>(answer: Promise<T>, then: (value: T) => void): void {
    this.#waiting += 1;
    this.decoder.pause();
    this.link.pause();
    answer
      .then((value) => {
        this.#waiting -= 1;
        if (this.state === ConnectionState.closed) return;
        then(value);
        this.lastSeen = this.core.now;
        this.#readOn(); // unless `then` ended the connection, or waits for the next answer
      })
      .catch((error: unknown) => this.fail(error));
  }

  // ---- ending

  /** Ends the connection for what the client, or the broker itself, did wrong. */
  fail(error: unknown): void {
    if (!(error instanceof MqttError)) this.core.observer.internalError?.(error, this.link.remoteAddress);
    if (this.state === ConnectionState.closed) return;
    this.core.endRun(); // what stood before the mistake was accepted
    if (error instanceof MqttError) {
      this.core.metrics.protocolErrors += 1;
      const limit = error.code === 'PACKET_TOO_LARGE' ? packetTooLarge(this, error) : '';
      const spec = error.spec === undefined ? '' : ` [${error.spec}]`;
      this.end(error.reasonCode, `${error.message}${limit}${spec}`);
      return;
    }
    this.end(ReasonCode.unspecifiedError, 'the broker failed to handle a packet; its log says why');
  }

  /**
   * Ends the connection from our side, telling a 5.0 client why: DISCONNECT where it is connected, CONNACK where it is
   * not yet. 3.x has no such packet and sees a plain close. // [MQTT-3.14.0-1] [MQTT-4.13.1-1] [MQTT-4.13.2-1]
   */
  end(reasonCode: number, reason: string, properties: Properties = {}): void {
    if (this.state === ConnectionState.closed) return;
    if (this.state !== ConnectionState.connected) {
      refuseConnect(this, { reasonCode, reason }, properties);
      return;
    }
    if (this.version5) {
      const { sessionExpiryInterval: _clientsOnly, ...more } = properties; // [MQTT-3.14.2-2]
      const said = this.output.problemInformation ? { reasonString: reason } : {};
      this.output.sendPacket({
        type: PacketType.disconnect,
        reasonCode: disconnectCode(reasonCode),
        properties: { ...said, ...more },
      });
    }
    this.close({ reasonCode, reason, by: 'server' });
  }

  /** Ends the connection after what was sent so far. // [MQTT-3.14.4-1] [MQTT-3.14.4-2] */
  close(reason: DisconnectReason): void {
    if (this.state === ConnectionState.closed) return;
    this.output.close();
    this.#finish(reason);
    this.link.end();
    if (!this.core.connections.has(this)) return;
    this.core.timers.schedule(this, this.core.now + LINGER);
    // Who was never let in takes a place as long as it does not close its side, as if it had said nothing.
    if (this.session === null && !this.#crowdedOut) this.core.guard.halfOpen.add(this);
  }

  #finish(reason: DisconnectReason): void {
    this.state = ConnectionState.closed;
    this.decoder.stop(); // [MQTT-3.1.4-6]
    this.resumeConnect = null;
    this.#meter?.stop();
    this.core.guard.halfOpen.remove(this);
    this.gate?.clear();
    const session = this.session;
    const client = this.client;
    if (session === null || client === null) return;
    this.core.sessions.detach(this, session, client, reason);
  }

  /** When it will have been silent for too long; Infinity = it may be. // [MQTT-3.1.2-22] */
  get #silentUntil(): number {
    return this.keepAliveMs === 0 ? Number.POSITIVE_INFINITY : this.lastSeen + this.keepAliveMs * 1.5;
  }

  /** Has the wheel look at a connected client when its keep alive or its login runs out, whichever is first. */
  watch(): void {
    const dueAt = Math.min(this.#silentUntil, this.expiresAt);
    if (dueAt === Number.POSITIVE_INFINITY) this.core.timers.cancel(this);
    else this.core.timers.schedule(this, dueAt);
  }

  /** What its login says of it from now on. */
  loggedIn(client: ClientInfo, expiresAt = Number.POSITIVE_INFINITY): void {
    this.client = client;
    this.expiresAt = expiresAt;
    this.rights?.forget();
  }

  /** The timer wheel's call: connect time-out, end of the login, keep alive, or a peer that does not take its last bytes. */
  expire(now: number): void {
    if (this.state === ConnectionState.closed) {
      this.link.destroy();
      return;
    }
    if (this.state !== ConnectionState.connected) {
      this.core.metrics.refusedConnectTimeout += 1;
      const reason = `no CONNECT was completed within ${this.limits.connectTimeout} s (limits.connectTimeout)`;
      this.end(ReasonCode.notAuthorized, reason);
      return;
    }
    if (now >= this.expiresAt) {
      this.core.metrics.loginsExpired += 1;
      const reason = 'what it showed at its login has expired; connect again with something newer';
      this.end(ReasonCode.maximumConnectTime, reason);
      return;
    }
    if (this.#waiting > 0 || (this.#holds & OUR_SILENCE) !== 0) this.lastSeen = now; // it is read by nobody
    if (now < this.#silentUntil) {
      this.watch();
      return;
    }
    this.core.metrics.keepAliveTimeouts += 1;
    // [MQTT-3.1.2-22]
    this.end(ReasonCode.keepAliveTimeout, `nothing came for 1.5 times the keep alive of ${this.keepAliveMs / 1000} s`);
  }
}
