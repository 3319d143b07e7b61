import type { DropReason } from './ports.ts';

/**
 * The broker's counters: plain numbers that the data path adds to, read by whoever reports. Totals since the start,
 * except where the name says otherwise.
 */
export class Metrics {
  /** MQTT packets of every type. */
  messagesReceived = 0;
  messagesSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  publishReceived = 0;
  publishSent = 0;
  publishBytesReceived = 0;
  publishBytesSent = 0;
  droppedSlowConsumer = 0;
  droppedQueueFull = 0;
  droppedOffline = 0;
  droppedExpired = 0;
  droppedTooOld = 0;
  droppedTooLarge = 0;
  droppedLost = 0;
  /** QoS 0 shed, and QoS 1 and 2 of publishers that cannot be told, because memory is short. */
  droppedMemoryPressure = 0;
  droppedNotAllowed = 0;
  connectionsAccepted = 0;
  /** Connections that never became clients or whose CONNECT was refused. */
  connectionsRefused = 0;
  /** Of those, because of `limits.maxConnections`. */
  refusedMaxConnections = 0;
  /** Of those, because of `limits.connectTimeout`. */
  refusedConnectTimeout = 0;
  /** Of those, because of `limits.maxConnectRate`. */
  refusedConnectRate = 0;
  /** Of those, because of `limits.maxConnectRatePerAddress`. */
  refusedAddressRate = 0;
  /** Of those, because of `limits.maxHalfOpen`. */
  refusedMaxHalfOpen = 0;
  /** Of those, because of `limits.maxSessions`. */
  refusedMaxSessions = 0;
  /** Of those, because of `limits.maxClientIdLength`. */
  refusedClientIdLength = 0;
  /** Of those, because their client connected more often than `limits.maxReconnects`. */
  refusedBanned = 0;
  /** Bans that began. */
  clientsBanned = 0;
  /** Times a client began to send more than `limits.maxMessageRate` or `limits.maxByteRate`, and was slowed. */
  clientsThrottled = 0;
  /** Clients disconnected because they went on with that for longer than `limits.rateGrace`. */
  disconnectedRate = 0;
  /** Connections, publishes and retained messages refused because memory is critically short. */
  refusedMemoryPressure = 0;
  /** Connections ended because of a malformed packet or a protocol error. */
  protocolErrors = 0;
  /** Of those, because of `limits.maxPacketSize`, `maxConnectPacketSize`, `maxControlPacketSize` or `maxPropertiesSize`. */
  packetsTooLarge = 0;
  /** Of those, because of `limits.maxControlPacketSize`. */
  controlPacketsTooLarge = 0;
  /** Of those, because of `limits.maxPropertiesSize`. */
  propertiesTooLarge = 0;
  keepAliveTimeouts = 0;
  publishesDenied = 0;
  subscriptionsDenied = 0;
  /** Subscriptions refused by `limits.maxSubscriptionsPerClient`. */
  subscriptionsOverLimit = 0;
  /** Subscriptions refused by `limits.maxSubscriptions`. */
  subscriptionsOverTotal = 0;
  /** Publishes and filters refused by `limits.maxTopicLength` or `limits.maxTopicLevels`. */
  topicsOverLimit = 0;
  /** Retained messages refused by `limits.maxRetainedMessages`. */
  retainedOverLimit = 0;
  /** Retained messages refused by `limits.maxRetainedBytes`. */
  retainedOverBytes = 0;
  /** Retained messages refused by `limits.maxRetainedPerClient`. */
  retainedOverClient = 0;
  receiveMaximumExceeded = 0;
  /** Publishes refused because a session's queue is full and `limits.queueFull` says so. */
  publishesRefusedQueueFull = 0;
  /** Publishes, subscriptions and connections refused because the store does not work. */
  refusedStoreFailing = 0;
  /** Groups of operations handed to the store, and their bytes. */
  storeWrites = 0;
  storeBytes = 0;
  /** Groups that could not be written, and reads that failed. */
  storeFailures = 0;
  /** Times a publisher was not read from because too much waited for the store. */
  publishersStalled = 0;
  sessionsExpired = 0;
  willsPublished = 0;
  /** Wills that their client may not publish any more. */
  willsDenied = 0;
  /** Connections ended because what the client showed at its login expired. */
  loginsExpired = 0;
  /** CONNECTs whose client identifier belongs to a session of another user. */
  refusedOtherOwner = 0;
  /** Right now: connected clients. */
  clientsConnected = 0;
  /** The most clients connected at the same time. */
  clientsMaximum = 0;
  /** Right now: messages and bytes waiting in sessions. */
  queuedMessages = 0;
  queuedBytes = 0;
  /** Right now: QoS 1 and 2 messages on their way to clients, those whose clients are away included. */
  inflightMessages = 0;

  dropped(reason: DropReason): void {
    switch (reason) {
      case 'slow-consumer':
        this.droppedSlowConsumer += 1;
        break;
      case 'queue-full':
        this.droppedQueueFull += 1;
        break;
      case 'offline':
        this.droppedOffline += 1;
        break;
      case 'expired':
        this.droppedExpired += 1;
        break;
      case 'too-old':
        this.droppedTooOld += 1;
        break;
      case 'too-large':
        this.droppedTooLarge += 1;
        break;
      case 'lost':
        this.droppedLost += 1;
        break;
      case 'memory-pressure':
        this.droppedMemoryPressure += 1;
        break;
      case 'not-allowed':
        this.droppedNotAllowed += 1;
        break;
    }
  }

  /** All messages that did not reach a subscriber they matched. */
  get publishDropped(): number {
    return (
      this.droppedSlowConsumer +
      this.droppedQueueFull +
      this.droppedOffline +
      this.droppedExpired +
      this.droppedTooOld +
      this.droppedTooLarge +
      this.droppedLost +
      this.droppedMemoryPressure +
      this.droppedNotAllowed
    );
  }
}
