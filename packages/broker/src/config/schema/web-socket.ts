import { z } from 'zod';
import { originGuardProblem } from '../../http/origin-guard.ts';
import { bytes, explain, flag, sections, textList, urlPath } from '../setting.ts';

/** `listeners[].webSocket` */
export const webSocket = z
  .strictObject({
    path: urlPath('Path of the endpoint.', '/mqtt').default('/mqtt'),
    origins: textList(
      'Web sites whose pages may connect, beside those of the listener itself and, where it listens on a loopback address, ' +
        'pages of this machine. `*` = pages of every site.',
      'an origin such as https://app.example.org, without a path',
      ['https://app.example.org'],
    ).default([]),
    names: textList(
      'Names under which clients reach it, beside its address: those of DNS, and what a proxy before it is called.',
      'a host name, with or without a port',
      ['broker.example.org'],
    ).default([]),
    dashboard: flag(
      'The pages of the dashboard and its API are served here, too, where `dashboard.enabled` says so.',
    ).default(true),
    compression: flag(
      'Messages are compressed where the client can (permessage-deflate), each by itself. It costs processor time and memory.',
    ).default(false),
    maxInflatedSize: bytes(
      'Largest compressed message that is taken, compressed or not; one that comes to more ends its connection (1009).',
      { min: 1024, max: 268_435_460 },
    ).default(1_048_576),
  })
  .superRefine(({ names, origins }, context) => {
    const about = { listener: { host: '', port: 0 }, secure: false };
    for (const [key, options] of [
      ['names', { names }],
      ['origins', { origins }],
    ] as const) {
      const problem = originGuardProblem({ ...about, ...options });
      if (problem !== undefined) explain(context, [key], problem);
    }
  })
  .register(sections, {
    help:
      'MQTT over WebSocket, for web pages and for networks that let only HTTP through: `ws://`, with `tls` `wss://`. A listener ' +
      'with this table takes nothing else. See [websocket.md](websocket.md).',
  });
