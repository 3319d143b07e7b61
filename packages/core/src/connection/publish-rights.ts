import type { QoS } from '@cauldron/protocol';
import type { Authorizer, ClientInfo, Decision } from '../ports.ts';
import type { Topic } from '../routing/topic-table.ts';

/**
 * Topics of one client whose decision is remembered here, beside those it alone publishes to; a client that shares more of
 * them with others asks again.
 */
const REMEMBERED = 256;

/** Stands in topics for the rights of one client as they are now. */
class Holder {}

/**
 * What one client may publish to, remembered: the authorizer is asked once for a topic, and again when its rules or the
 * client's rights change. The decision stands in the topic itself, so that a gateway that speaks for thousands of devices is
 * not decided about afresh each time; where several clients publish to one topic, each remembers some for itself. Nothing is
 * remembered of an authorizer without an epoch, whose answers may depend on anything.
 */
export class PublishRights {
  #epoch = -1;
  /** Most clients publish to one topic, which needs no map. */
  #last: Topic | null = null;
  #lastDecision: Decision = true;
  #known: Map<Topic, Decision> | null = null;
  /** Another one when what it stands in no longer counts. */
  #holder: Holder | undefined = undefined;

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
    if (topic.decidedFor === this.#holder) return this.#use(topic, topic.decision);
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
    if (topic.decidedFor !== null) this.#keep(topic, decision); // the next decision in it may be another client's
    this.#holder ??= new Holder();
    topic.decidedFor = this.#holder;
    topic.decision = decision;
    return this.#use(topic, decision);
  }

  #keep(topic: Topic, decision: Decision): void {
    this.#known ??= new Map();
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(topic, decision);
  }

  /** The client's rights may be others now. */
  forget(): void {
    this.#last = null;
    this.#known = null;
    this.#holder = undefined;
  }
}
