/** Clients, what happened to them, what they may do and get. */
export { ClientsInspector, type ClientsParts } from './clients-inspector.ts';
export { EventHistory } from './event-history.ts';
