/** The brokers that the client is tested against. */
import { aedes } from './aedes.ts';
import { cauldron } from './cauldron.ts';
import { mosquitto } from './mosquitto.ts';
import type { PeerKind } from './peer.ts';

export { aedes } from './aedes.ts';
export { cauldron, cauldronProcess, type KillablePeer } from './cauldron.ts';
export { mosquitto } from './mosquitto.ts';
export type { Peer, PeerKind } from './peer.ts';

/** One of each make. */
export const peerKinds: readonly PeerKind[] = [cauldron, mosquitto, aedes];
