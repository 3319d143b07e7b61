import { type Packet, PacketIds, PacketType, type ProtocolVersion } from '@cauldron/protocol';
import { type Generation, type SubscriptionModel, subscriptionModel } from './ledger.ts';
import type { World } from './world.ts';

/** What a scenario wants subscribed. */
export type SubscribeWish = Omit<Parameters<typeof subscriptionModel>[0], 'identifier'> & {
  /** With a subscription identifier, where the version has one. */
  readonly identified: boolean;
};

/** What it needs of the client around it. */
export interface Requester {
  send(packet: Packet): void;
  /** Whether a packet identifier is in use by a PUBLISH. */
  taken(packetId: number): boolean;
}

/** The subscribing half of a client: it asks, waits for the answers, and notes what it surely and possibly has. */
export class SubscriptionHalf {
  readonly #world: World;
  readonly #clientId: string;
  readonly #version5: boolean;
  readonly #requester: Requester;
  readonly #ids = new PacketIds();
  readonly #subscribing = new Map<number, SubscriptionModel[]>();
  readonly #unsubscribing = new Map<number, SubscriptionModel[]>();
  /** Each SUBSCRIBE has an identifier of its own, so that what comes tells which one it answers. */
  #identifiers = 0;

  constructor(
    world: World,
    profile: { readonly clientId: string; readonly version: ProtocolVersion },
    requester: Requester,
  ) {
    this.#world = world;
    this.#clientId = profile.clientId;
    this.#version5 = profile.version === 5;
    this.#requester = requester;
  }

  /** Requests without an answer yet. */
  get open(): number {
    return this.#subscribing.size + this.#unsubscribing.size;
  }

  /** The connection is lost: whether the broker got what was asked is not known. */
  lost(): void {
    for (const requests of [this.#subscribing, this.#unsubscribing]) {
      for (const packetId of requests.keys()) this.#ids.free(packetId);
      requests.clear();
    }
  }

  subscribe(wishes: readonly SubscribeWish[], generation: Generation): void {
    const identifier = this.#version5 && wishes[0]?.identified === true ? ++this.#identifiers : 0;
    const now = this.#world.ledger.moment();
    const models = wishes.map(({ identified: _identified, ...wish }) =>
      subscriptionModel({ ...wish, identifier }, now),
    );
    for (const { written } of models)
      for (const old of present(generation, written)) old.sureTo = Math.min(old.sureTo, now);
    generation.subscriptions.push(...models);
    const packetId = this.#ids.take((id) => this.#requester.taken(id));
    this.#subscribing.set(packetId, models);
    this.#requester.send({
      type: PacketType.subscribe,
      packetId,
      subscriptions: models.map(({ written: filter, qos, noLocal, retainAsPublished, retainHandling }) => {
        return { filter, qos, noLocal, retainAsPublished, retainHandling };
      }),
      properties: identifier > 0 ? { subscriptionIdentifiers: [identifier] } : undefined,
    });
  }

  unsubscribe(filters: readonly string[], generation: Generation): void {
    const now = this.#world.ledger.moment();
    const meant = filters.flatMap((filter) => present(generation, filter));
    for (const old of meant) old.sureTo = Math.min(old.sureTo, now);
    const packetId = this.#ids.take((id) => this.#requester.taken(id));
    this.#unsubscribing.set(packetId, meant);
    this.#requester.send({ type: PacketType.unsubscribe, packetId, filters });
  }

  onSuback(packetId: number, reasonCodes: readonly number[], generation: Generation): void {
    const models = this.#subscribing.get(packetId);
    if (models === undefined || models.length !== reasonCodes.length) {
      this.#fail(`a SUBACK for ${packetId} with ${reasonCodes.length} codes fits no SUBSCRIBE`);
      return;
    }
    this.#subscribing.delete(packetId);
    this.#ids.free(packetId);
    const now = this.#world.ledger.moment();
    models.forEach((model, i) => {
      if (this.#world.mayRefuse(reasonCodes[i]!)) {
        model.possibleTo = now;
        return;
      }
      if (reasonCodes[i] !== model.qos) this.#fail(`'${model.written}' was granted as ${reasonCodes[i]}`);

      for (const old of present(generation, model.written)) {
        if (old.possibleFrom < model.possibleFrom) old.possibleTo = now;
      }
      model.sureFrom = now;
    });
  }

  onUnsuback(packetId: number, generation: Generation): void {
    const meant = this.#unsubscribing.get(packetId);
    if (meant === undefined) {
      this.#fail(`an UNSUBACK for ${packetId} fits no UNSUBSCRIBE of ${generation}`);
      return;
    }
    this.#unsubscribing.delete(packetId);
    this.#ids.free(packetId);
    const now = this.#world.ledger.moment();
    for (const subscription of meant) subscription.possibleTo = Math.min(subscription.possibleTo, now);
  }

  #fail(message: string): void {
    this.#world.fail('answer', `${this.#clientId}: ${message}`);
  }
}

/** The subscriptions to a filter that may be there now. */
function present(generation: Generation, written: string): SubscriptionModel[] {
  return generation.subscriptions.filter(
    (subscription) => subscription.written === written && subscription.possibleTo === Number.POSITIVE_INFINITY,
  );
}
