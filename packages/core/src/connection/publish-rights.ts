import type { QoS } from '@cauldron/protocol';
import type { Authorizer, ClientInfo, Decision } from '../ports.ts';
import type { Topic } from '../routing/topic-table.ts';

/** Topics of one client whose decision is remembered; a client that publishes to more of them asks again. */
const REMEMBERED = 256;

/**
 * What one client may publish to, remembered: the authorizer is asked once for a topic, and again when its rules or the
 * client's rights change. Nothing is remembered of an authorizer without an epoch, whose answers may depend on anything.
 */
export class PublishRights {
  #epoch = -1;
  /** Most clients publish to one topic, which needs no map. */
  #last: Topic | null = null;
  #lastDecision: Decision = true;
  #known: Map<Topic, Decision> | null = null;

  decide(
    authorizer: Authorizer,
    client: ClientInfo,
    topic: Topic,
    qos: QoS,
    retain: boolean,
  ): Decision | Promise<Decision> {
    const { epoch } = authorizer;
    if (epoch === undefined) return authorizer.authorizePublish(client, topic.name, qos, retain);
    if (epoch !== this.#epoch) {
      this.forget();
      this.#epoch = epoch;
    }
    if (topic === this.#last) return this.#lastDecision;
    const known = this.#known?.get(topic);
    if (known !== undefined) return this.#use(topic, known);
    const decision = authorizer.authorizePublish(client, topic.name, qos, retain);
    return decision instanceof Promise ? decision : this.#remember(topic, decision);
  }

  #use(topic: Topic, decision: Decision): Decision {
    this.#last = topic;
    this.#lastDecision = decision;
    return decision;
  }

  #remember(topic: Topic, decision: Decision): Decision {
    if (topic.evicted) return decision; // another object stands for it next time
    if (this.#last !== null) {
      this.#known ??= new Map([[this.#last, this.#lastDecision]]);
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(topic, decision);
    }
    return this.#use(topic, decision);
  }

  /** The client's rights may be others now. */
  forget(): void {
    this.#last = null;
    this.#known = null;
  }
}
