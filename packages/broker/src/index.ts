/** The MQTT server for Node: listeners, configuration and wiring around the core. */
export type {
  AuthenticationRequest,
  AuthenticationResult,
  Authenticator,
  Authorizer,
  ClientInfo,
  Decision,
  DisconnectReason,
  DropReason,
  GrantedRule,
  Interceptor,
  Metrics,
  PeerIdentity,
  PublishDraft,
  Refusal,
  Rights,
} from '@cauldron/core';
export { StoreError } from '@cauldron/core';
export {
  type AccessClient,
  AccessError,
  type Action,
  type AuthorizationOptions,
  describeExplanation,
  type Explanation,
} from './access/index.ts';
export type { LoginCounters } from './auth/authentication-options.ts';
export type {
  BrokerOptions,
  ListenAddress,
  PublishOptions,
  ReloadOptions,
  ReloadReport,
} from './broker-options.ts';
export * from './config/index.ts';
export { createBroker } from './create-broker.ts';
export {
  allowsAnonymous,
  anonymousFinding,
  checkExposure,
  type Exposure,
  type ExposureFinding,
  type ExposureOptions,
  type ListenerExposure,
} from './exposure.ts';
export type { Health, HealthFinding } from './health.ts';
export type { MessageHandler, ReceivedMessage } from './local-subscription.ts';
export { createLogger, type Logger } from './log.ts';
export { Broker, type BrokerParts } from './server.ts';
export { version } from './version.ts';
export type { BrokerEvents } from './wiring/observer.ts';
