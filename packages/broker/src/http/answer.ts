import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';

/** An HTTP answer that says in plain text what happened, why, and what to do. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const headersOf = ({ reason, headers }: Answer): Record<string, string | number> => ({
  // What the client sent may be repeated in it: it must never be taken for a page.
  'Content-Type': 'text/plain; charset=utf-8',
  'X-Content-Type-Options': 'nosniff',
  'Content-Length': Buffer.byteLength(reason) + 1,
  Connection: 'close',
  ...headers,
});

/** Answers a request, and closes its connection. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, headersOf(answer)).end(`${answer.reason}\n`);
}

/** The whole answer as text, for a connection that has no response object. */
export function answerText(answer: Answer): string {
  const lines = Object.entries(headersOf(answer)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join('')}\r\n${answer.reason}\n`;
}

/** Whether a header that is a list has an element, whatever its case. */
export function listHas(headers: IncomingHttpHeaders, name: string, element: string): boolean {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.split(',').some((one) => one.trim().toLowerCase() === element);
}
