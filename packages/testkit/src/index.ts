/** What Cauldron is tested with: links without a network, a clock tests move, clients that do what they are told. */
export { MemoryLink } from './memory-link.ts';
export {
  type ContractLogin,
  type ContractProvider,
  type ContractVerdict,
  loginRequest,
  type ProviderSubject,
  providerContract,
} from './provider-contract.ts';
export { ScramClient, type ScramClientOptions } from './scram-client.ts';
export { DurableBroker, type DurableConnect } from './store/durable-broker.ts';
export { HeldStore } from './store/held-store.ts';
export { MemoryEngine, type StoreContent } from './store/memory-engine.ts';
export { storeContract } from './store/store-contract.ts';
export {
  applyGroup,
  bytesOf,
  type EntryImage,
  imageOf,
  queueOf,
  readWindow,
  type SessionImage,
  type StoreImage,
} from './store/store-image.ts';
export { publishTo, type StoreSubject, sessionRecord } from './store/store-subject.ts';
export { TestBroker, type TestBrokerOptions } from './test-broker.ts';
export { TestClient, type TestPublish, type TestSubscribe, textBytes, textOf } from './test-client.ts';
