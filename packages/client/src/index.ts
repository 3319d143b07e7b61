/** The Cauldron MQTT client for Node. */
export { Client } from './client.ts';
export { connect } from './connect.ts';
export { UnreachableError } from './error.ts';
export type {
  CloseInfo,
  ConnectOptions,
  EndOptions,
  MessageHandler,
  PublishOptions,
  PublishResult,
  SubscribeResult,
  Subscription,
} from './options.ts';
