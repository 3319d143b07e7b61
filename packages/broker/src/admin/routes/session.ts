import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Access, Identity } from '../http/access.ts';
import type { AdminApp } from '../http/typed.ts';
import { login, type Session, session } from '../schema/index.ts';

/** Bytes of a login: tokens in place of passwords may be long. */
const LOGIN_BODY_LIMIT = 65_536;

const tags = ['session'];

/** Who looks: `/session`. */
export function sessionRoutes(app: AdminApp, access: Access, version: string): void {
  const describe = (identity: Identity | null, request: FastifyRequest): Session => ({
    user: identity?.role
      ? {
          username: identity.user?.username ?? null,
          role: identity.role,
          csrfToken: identity.session?.csrfToken ?? null,
          expiresAt: identity.session?.expiresAt ?? null,
        }
      : null,
    loginRequired: access.loginRequired,
    refusal: access.refusal(request),
    broker: { version },
  });

  app.get(
    '/session',
    {
      config: { role: 'anybody' },
      schema: { tags, summary: 'Who is logged in, and whether somebody has to be', response: { 200: session } },
    },
    (request) => describe(access.identityOf(request), request),
  );

  app.post(
    '/session',
    {
      bodyLimit: LOGIN_BODY_LIMIT,
      config: { role: 'anybody', isLogin: true },
      schema: { tags, summary: 'Log in, as a user of the broker', body: login, response: { 200: session } },
    },
    async (request, reply) => describe(await access.login(request.body, request, reply), request),
  );

  app.delete(
    '/session',
    {
      config: { role: 'anybody' },
      schema: { tags, summary: 'Log out', response: { 204: z.null() } },
    },
    async (request, reply) => {
      access.logout(request, reply);
      return reply.code(204).send(null);
    },
  );
}
