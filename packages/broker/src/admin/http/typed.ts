import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AdminServices, Operator } from '../services.ts';

/** The application of the admin API, whose routes take zod schemas. Paths are below `/api/v1`. */
export type AdminApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What a file of routes is given. */
export interface RouteContext {
  readonly services: AdminServices;
  /** Who asks, for the audit log. */
  operatorOf(request: FastifyRequest): Operator;
}

/**
 * A file of routes. Reading is for viewers and admins; a route that changes anything says `config: { role: 'admin' }`, and
 * whatever is no GET needs it.
 */
export type Routes = (app: AdminApp, context: RouteContext) => void;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use it: default `viewer` for GET, `admin` for everything else. `anybody`: also who is not logged in. */
    role?: 'anybody' | 'viewer' | 'admin';
    /** It is asked who comes, so who came before with the same cookie is of no matter. */
    isLogin?: boolean;
    /** It may take milliseconds of the processor in one go, so it waits for its turn ({@link WorkQueue}). */
    takesLong?: boolean;
  }
}
