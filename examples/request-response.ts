// Request and response: a calculator that answers, and a program that asks it. Start a broker (npm start), then in two
// terminals:
//   npx node examples/request-response.ts serve
//   npx node examples/request-response.ts ask 6 7
// Start `serve` twice, and the two share the work. The broker is mqtt://127.0.0.1:1883, or the URL in BROKER.
import { connect, MqttError } from '@cauldron/client';

const broker = process.env.BROKER ?? 'mqtt://127.0.0.1:1883';
const [role, ...numbers] = process.argv.slice(2);

if (role === 'serve') await serve();
else if (role === 'ask') await ask(numbers.map(Number));
else {
  console.error('usage: request-response.ts serve | request-response.ts ask NUMBER NUMBER');
  process.exitCode = 2;
}

async function serve(): Promise<void> {
  const client = await connect(broker);
  // A shared subscription: each request goes to one of those who serve.
  await client.respond('$share/calculators/calculator/multiply', (request) => {
    const [a = Number.NaN, b = Number.NaN] = request.json<number[]>();
    console.log(`${a} times ${b}`);
    return JSON.stringify(a * b);
  });
  console.log('ready');
  process.once('SIGINT', () => void client.end());
}

async function ask(question: readonly number[]): Promise<void> {
  await using client = await connect(broker);
  try {
    const answer = await client.request('calculator/multiply', JSON.stringify(question), { timeout: 2000 });
    console.log(answer.json());
  } catch (error) {
    if (!(error instanceof MqttError && error.code === 'TIMEOUT')) throw error;
    console.error('nobody answers: is `serve` running?');
    process.exitCode = 1;
  }
}
