/** What Cauldron is tested with: links without a network, a clock tests move, clients that do what they are told. */
export { MemoryLink } from './memory-link.ts';
export { TestBroker, type TestBrokerOptions } from './test-broker.ts';
export { TestClient, type TestPublish, type TestSubscribe, textBytes, textOf } from './test-client.ts';
