import type { Attack, AttackTarget } from '@cauldron/testkit/attacks';
import { Crew } from './websocket-attackers.ts';

/** What goes out on one connection before its answers came: as many requests as a listener takes. */
const AT_ONCE = 16;

const text = ({ port }: AttackTarget, line: string, body = ''): string =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
  (body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`) +
  `\r\n${body}`;

/** Asks the same again and again, on so many connections, as fast as answers come. An action is sixteen requests. */
export function askOften(
  target: AttackTarget,
  { line, body, clients = 20 }: { line: string; body?: string; clients?: number },
): Attack {
  const request = text(target, line, body).repeat(AT_ONCE);
  const crew: Crew = new Crew(target, clients, (socket) => {
    let due = 0;
    const ask = () => {
      due = AT_ONCE;
      crew.send(socket, request);
    };
    socket.on('data', (chunk) => {
      due -= String(chunk).split('HTTP/1.1 ').length - 1;
      if (due <= 0 && socket.writable) ask();
    });
    ask();
  });
  return crew;
}

/** Sends requests without end, and waits for no answer. */
export function askOn(target: AttackTarget, line: string, clients: number): Attack {
  const request = text(target, line).repeat(500);
  const crew: Crew = new Crew(target, clients, (socket) => {
    socket.resume();
    const ask = () => {
      if (!socket.writable) return;
      crew.send(socket, request);
      if (socket.writableLength < 1_000_000) setImmediate(ask);
      else socket.once('drain', ask);
    };
    ask();
  });
  return crew;
}

/** Opens live streams that show everything, and never reads what comes. */
export function deafStreams(target: AttackTarget, clients: number, interest: object): Attack {
  const body = JSON.stringify(interest);
  const crew: Crew = new Crew(target, clients, (socket) => {
    crew.send(socket, text(target, 'GET /api/v1/live'));
    let head = '';
    const read = (chunk: Buffer) => {
      head += chunk;
      const stream = /"stream":"([\w-]+)"/.exec(head)?.[1];
      if (stream === undefined) return;
      socket.off('data', read);
      socket.pause();
      void fetch(`http://127.0.0.1:${target.port}/api/v1/live/${stream}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body,
      }).then(
        (answer) => answer.ok || socket.destroy(),
        () => socket.destroy(),
      );
    };
    socket.on('data', read);
  });
  return crew;
}
