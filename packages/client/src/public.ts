/** What Node and browsers both export. */

export { MqttError, type Properties, ReasonCode } from '@cauldron/protocol';
export type { Authentication, AuthenticationExchange, EnhancedAuthentication } from './authentication.ts';
export { enhancedAuthentication } from './authentication.ts';
export type { Client, Enqueued } from './client.ts';
export { UnreachableError } from './error.ts';
export { Message } from './message.ts';
export type {
  ClientOptions,
  ClientState,
  Credentials,
  CredentialsContext,
  EndOptions,
  MessageHandler,
  PublishOptions,
  PublishResult,
  QueueOptions,
  QueueState,
  ReconnectOptions,
  RequestOptions,
  SubscribeOptions,
  UndeliveredMessage,
  WillOptions,
} from './options.ts';
export type { Responder } from './requests.ts';
export type { ClientStore, StoredMessage, StoredState, StoreOperation } from './store.ts';
export type { Subscription } from './subscription.ts';
export type { TopicParams } from './topic-params.ts';
