import { z } from 'zod';
import type { Routes } from '../http/typed.ts';
import { ApiProblem } from '../problem.ts';
import {
  publishRequest,
  publishResult,
  topicQuery,
  topicRows,
  topicsPage,
  topicsQuery,
  topicsView,
  topicValue,
} from '../schema/index.ts';
import { look } from './looking.ts';

const tags = ['topics'];

/** Topics and what is on them: `/topics`, `/publish`. */
export const topicsRoutes: Routes = (app, { services }) => {
  const { traffic } = services;

  app.get(
    '/topics',
    {
      config: { takesLong: true },
      schema: {
        tags,
        summary: 'Topics in their order, with their last message',
        description:
          'Those that have a retained message or were published to since somebody began to look: whoever asks begins, and the broker looks for a minute longer. A page may be short where a search finds little; `next` says whether there is more.',
        querystring: topicsQuery,
        response: { 200: topicsPage },
      },
    },
    async ({ query }) => {
      await look(traffic);
      const { items, total, next } = traffic.list(query);
      return { items: [...items], total, next };
    },
  );

  app.post(
    '/topics/view',
    {
      config: { role: 'viewer', takesLong: true },
      schema: {
        tags,
        summary: 'Rows of the topic tree, some of its levels open',
        body: topicsView,
        response: { 200: topicRows },
      },
    },
    async ({ body }) => {
      await look(traffic);
      return traffic.view(body);
    },
  );

  app.get(
    '/topics/value',
    {
      config: { takesLong: true },
      schema: { tags, summary: 'The last message of a topic', querystring: topicQuery, response: { 200: topicValue } },
    },
    async ({ query: { topic } }) => {
      await look(traffic);
      const value = traffic.value(topic);
      if (value === null) throw nothingOn(topic);
      return value;
    },
  );

  app.get(
    '/topics/payload',
    {
      config: { takesLong: true },
      schema: {
        tags,
        summary: 'The payload of the last message of a topic, byte for byte',
        querystring: topicQuery,
        response: { 200: z.any().describe('The bytes: an image by its type, everything else as a download') },
      },
    },
    ({ query: { topic } }, reply) => {
      const payload = traffic.payload(topic);
      if (payload === null) throw nothingOn(topic);
      if (payload.truncated) {
        const reason = `Only the first ${payload.bytes.length} bytes of this message were kept, since nobody had opened its topic. Open it, wait for its next message, and try again.`;
        throw new ApiProblem(409, 'PAYLOAD_TRUNCATED', reason);
      }
      // Whatever a device published must not run in the dashboard's name: only images are shown, and nothing is guessed.
      return reply
        .header('Content-Security-Policy', "default-src 'none'; sandbox")
        .header('X-Content-Type-Options', 'nosniff')
        .header('Cache-Control', 'no-store')
        .header('Content-Disposition', payload.mediaType === null ? 'attachment; filename="payload.bin"' : 'inline')
        .type(payload.mediaType ?? 'application/octet-stream')
        .send(Buffer.from(payload.bytes.buffer, payload.bytes.byteOffset, payload.bytes.byteLength));
    },
  );

  app.post(
    '/publish',
    { schema: { tags, summary: 'Publish a message', body: publishRequest, response: { 200: publishResult } } },
    (request) => traffic.publish(request.body),
  );
};

function nothingOn(topic: string): ApiProblem {
  const reason = `Nothing is known of '${topic}': nothing is retained there, and nothing came since somebody began to look.`;
  return new ApiProblem(404, 'NOT_FOUND', reason);
}
