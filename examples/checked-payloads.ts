// A broker that lets only good measurements through and says when each came: an interceptor sees every message first.
// Run it: npx node examples/checked-payloads.ts [PORT], then for example
//   npx cauldron sub -p 1885 -t 'sensors/#' -V 5 -F '%t %p %P'
//   npx cauldron pub -p 1885 -t sensors/kitchen -m '{"celsius": 21.5}' -V 5 -q 1
//   npx cauldron pub -p 1885 -t sensors/kitchen -m 'warm' -V 5 -q 1
import { createBroker, type Interceptor } from '@cauldron/broker';
import { ReasonCode } from '@cauldron/protocol';

const measurements: Interceptor = {
  intercept(draft) {
    if (!draft.topic.startsWith('sensors/')) return undefined; // everything else goes on as it is
    const problem = problemOf(draft.payload);
    // A 5.0 client with QoS 1 or 2 reads this in its acknowledgement; nobody else gets the message.
    if (problem !== undefined) return { reasonCode: ReasonCode.payloadFormatInvalid, reason: problem };
    const given = draft.properties?.userProperties ?? [];
    draft.properties = {
      ...draft.properties,
      userProperties: [...given, ['received', new Date().toISOString()]],
    };
    return undefined;
  },
};

/** Why a payload is no measurement; undefined where it is one. */
function problemOf(payload: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    const celsius = (value as { celsius?: unknown } | null)?.celsius;
    if (typeof celsius !== 'number') return 'a measurement has a number named "celsius"';
    return celsius < -273.15 ? `${celsius} °C is below absolute zero` : undefined;
  } catch {
    return 'a measurement is JSON, for example {"celsius": 21.5}';
  }
}

const port = Number(process.argv[2] ?? 1885);
const broker = await createBroker({ listeners: [{ port }] }, { interceptors: [measurements] });
console.log(`listening on ${broker.addresses[0]!.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void broker.close());
