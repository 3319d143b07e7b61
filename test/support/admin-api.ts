import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Broker, BrokerOptions, ConfigInput } from '@cauldron/broker';
import { hashArgon2id, nodeHashFunctions } from '@cauldron/broker/passwords';
import { startBroker } from './broker.ts';
import { tempDir } from './temp-dir.ts';

/** Cheap enough that tests need not wait for it. */
const CHEAP = { memory: 8, passes: 1, parallelism: 1 };

/** An answer of the API, read to its end. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what came, whatever it is
  readonly body: any;
}

export interface Ask {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
  /** Default: 127.0.0.1. */
  readonly from?: string | undefined;
}

/** A broker with a dashboard, and what asks its API. */
export interface ApiServer {
  readonly broker: Broker;
  readonly port: number;
  /** Asks for a path below `/api/v1`, or one that begins with `/`. */
  ask(path: string, options?: Ask): Promise<ApiAnswer>;
  /** Logs in; what comes back asks with that session. */
  login(username: string, password?: string): Promise<LoggedIn>;
}

export interface LoggedIn {
  readonly cookie: string;
  readonly csrfToken: string;
  ask(path: string, options?: Ask): Promise<ApiAnswer>;
}

/** Starts a broker that serves its dashboard on a free port. */
export async function startApi(
  t: TestContext,
  input: ConfigInput = {},
  options: BrokerOptions = {},
): Promise<ApiServer> {
  const listeners = input.listeners ?? [{ port: 0, webSocket: {} }];
  const { broker, port } = await startBroker(t, { ...input, listeners }, options);
  return apiOf(broker, port);
}

/** Asks the API of a broker that runs. */
export function apiOf(broker: Broker, port: number): ApiServer {
  const ask = (path: string, options: Ask = {}) => askApi(port, path, options);
  return {
    broker,
    port,
    ask,
    login: async (username, password = 'soup') => {
      const answer = await ask('session', { method: 'POST', body: { username, password } });
      assert.equal(answer.status, 200, answer.text);
      const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
      const { csrfToken } = answer.body.user;
      return {
        cookie,
        csrfToken,
        ask: (path, more = {}) =>
          ask(path, { ...more, headers: { cookie, 'x-cauldron-csrf': csrfToken, ...more.headers } }),
      };
    },
  };
}

async function askApi(port: number, path: string, { method = 'GET', headers, body, from }: Ask): Promise<ApiAnswer> {
  const response = await openApi(port, path, { method, headers, body, from });
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const isJson = response.headers['content-type']?.startsWith('application/json') === true;
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

/** The beginning of an answer; for streams. */
export async function openApi(port: number, path: string, { method = 'GET', headers = {}, body, from }: Ask) {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    method,
    path: path.startsWith('/') ? path : `/api/v1/${path}`,
    headers: {
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...headers,
    },
    agent: false,
    ...(from === undefined ? {} : { localAddress: from }),
  };
  const asked = request(options);
  asked.end(text);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

export const basic = (username: string, password = 'soup'): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
});

/** Events of a live stream, as they come. */
export class LiveReader {
  readonly response: IncomingMessage;
  readonly events: { readonly event: string; readonly data: unknown }[] = [];
  /** Signs of life. */
  heartbeats = 0;
  ended = false;
  #rest = '';
  #heard: () => void = () => undefined;

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    for (const end of ['close', 'error']) {
      response.on(end, () => {
        this.ended = true;
        this.#heard();
      });
    }
  }

  static async open(t: TestContext, port: number, headers: Readonly<Record<string, string>> = {}): Promise<LiveReader> {
    const response = await openApi(port, 'live', { headers });
    assert.equal(response.statusCode, 200);
    t.after(() => void response.destroy());
    return new LiveReader(response);
  }

  /** The next event of a name that fits, those included that came before; fails after ten seconds. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what came, whatever it is
  async next(event: string, fits: (data: any) => boolean = () => true): Promise<any> {
    const deadline = setTimeout(() => this.#heard(), 10_000);
    const begun = performance.now();
    try {
      for (;;) {
        const found = this.events.findIndex((one) => one.event === event && fits(one.data));
        if (found >= 0) return this.events.splice(found, 1)[0]!.data;
        assert.ok(!this.ended, `the stream ended before ${event}`);
        assert.ok(performance.now() - begun < 10_000, `no ${event} came; ${JSON.stringify(this.events).slice(0, 500)}`);
        await new Promise<void>((resolve) => {
          this.#heard = resolve;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  async end(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  #read(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      if (event === undefined) this.heartbeats += block === ':' ? 1 : 0;
      else this.events.push({ event, data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!) });
    }
    this.#heard();
  }
}

/** A password file of users who all have the password `soup`, and the configuration that reads it. */
export async function usersIn(t: TestContext, names: readonly string[], more: ConfigInput = {}) {
  const file = join(tempDir(t), 'passwords');
  const lines = new Map<string, string>();
  const lineOf = async (name: string, password: string): Promise<string> => {
    // A new hash of the same password counts as another one.
    const known = lines.get(`${name} ${password}`);
    if (known !== undefined) return known;
    const line = `${name}:${await hashArgon2id(new TextEncoder().encode(password), CHEAP, nodeHashFunctions)}\n`;
    lines.set(`${name} ${password}`, line);
    return line;
  };
  const write = async (users: Readonly<Record<string, string>>) => {
    const all = await Promise.all(Object.entries(users).map(([name, password]) => lineOf(name, password)));
    writeFileSync(file, all.join(''), { mode: 0o600 });
  };
  await write(Object.fromEntries(names.map((name) => [name, 'soup'])));
  const config: ConfigInput = {
    authentication: {
      providers: [{ type: 'password-file', file, upgrade: false }],
      failuresBeforeDelay: 0,
      refusalTime: 0,
    },
    authorization: {
      roles: [
        { name: 'admin', users: ['ann'] },
        { name: 'viewer', users: ['vic'] },
      ],
    },
    ...more,
  };
  return { config, write };
}
