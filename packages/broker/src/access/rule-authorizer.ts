import type { Authorizer, ClientInfo, Decision, Refusal } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import type { RuleSet } from './rule-set.ts';

/** Longer topics are cut in reasons: the client knows what it asked for. */
const TOPIC_IN_REASON = 80;

/**
 * Decides by rules what clients may publish, subscribe to and receive. The rules can be replaced while it runs; whoever
 * remembers its answers is told by `epoch` to forget them.
 */
export class RuleAuthorizer implements Authorizer {
  #rules: RuleSet;
  #epoch = 0;

  constructor(rules: RuleSet) {
    this.#rules = rules;
  }

  /** Changes with the rules. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The rules in force. */
  get rules(): RuleSet {
    return this.#rules;
  }

  /** Puts other rules in force; `BrokerCore.rulesChanged` is to be called afterwards. */
  replace(rules: RuleSet): void {
    this.#rules = rules;
    this.#epoch += 1;
  }

  authorizePublish(client: ClientInfo, topic: string): Decision {
    return this.#rules.allows(client, 'write', topic) || refusal('publish', topic);
  }

  /** @param filter may be a shared subscription; its topic filter decides */
  authorizeSubscribe(client: ClientInfo, filter: string): Decision {
    return this.#rules.subscribeRuling(client, filter).allowed || refusal('subscribe', filter);
  }

  authorizeReceive(client: ClientInfo, topic: string): boolean {
    return this.#rules.allows(client, 'read', topic);
  }
}

/** What the client is told: nothing of the rules themselves, which are the operator's. */
function refusal(action: 'publish' | 'subscribe', topic: string): Refusal {
  const short = topic.length > TOPIC_IN_REASON ? `${topic.slice(0, TOPIC_IN_REASON).toWellFormed()}...` : topic;
  const reason = `not allowed to ${action} to '${short}'; ask the operator of the broker for a rule`;
  return { reasonCode: ReasonCode.notAuthorized, reason };
}
