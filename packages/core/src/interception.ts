import { ReasonCode, topicNameProblem } from '@cauldron/protocol';
import type { BrokerCore } from './broker-core.ts';
import { Message } from './message.ts';
import type { ClientInfo, PublishDraft, Refusal } from './ports.ts';

/** Shows a message to the interceptors; what comes back is what goes on. */
export function intercept(
  core: BrokerCore,
  message: Message,
  client: ClientInfo | undefined,
): Message | 'drop' | Refusal {
  const { interceptors } = core.ports;
  if (interceptors.length === 0) return message;
  const draft: PublishDraft = {
    topic: message.topic,
    payload: message.payload(),
    qos: message.qos,
    retain: message.retain,
    properties: message.properties(),
  };
  for (const interceptor of [...interceptors]) {
    const outcome = interceptor.intercept(draft, client);
    if (outcome !== undefined) return outcome;
  }
  const problem = topicNameProblem(draft.topic) ?? core.topicProblem(draft.topic);
  if (problem !== undefined && problem !== null) {
    return {
      reasonCode: ReasonCode.topicNameInvalid,
      reason: `an interceptor set a topic that is not valid: ${problem}`,
    };
  }
  return Message.create(draft, core.now);
}
