// A worker that sends one message there and back, and says what came.
import { publishOnce, subscribeOnce } from '@cauldron/client';

addEventListener('message', async ({ data: url }: MessageEvent<string>) => {
  await publishOnce(url, 'worker/a', 'hello', { qos: 1, retain: true });
  postMessage((await subscribeOnce(url, 'worker/+')).text());
});
