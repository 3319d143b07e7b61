import type { FastifyRequest } from 'fastify';
import type { Access } from './access.ts';
import type { Visitor } from './visitor.ts';

/** Told of what people do with the dashboard, for the audit log. */
export interface AdminAudit {
  did(deed: { user: string | null; address: string; what: string; ok: boolean }): void;
  refused(refusal: { user: string | null; address: string; listener: string; reason: string }): void;
}

/** Characters of what was done. */
const LONGEST = 500;

/**
 * What a request did, in few words; null = nothing that anybody would look for: it read, or said what a page shows.
 *
 * @example 'POST /publish house/lamp'
 */
export function deedOf({ method, routeOptions, url, body }: FastifyRequest, prefix: string): string | null {
  const { url: route, config } = routeOptions;
  if (method === 'GET' || method === 'HEAD' || route === undefined || config.role === 'viewer') return null;
  if (route === `${prefix}/session`) return method === 'POST' ? 'log in' : 'log out';
  const { topic, clientId, dryRun } = (body ?? {}) as { topic?: unknown; clientId?: unknown; dryRun?: unknown };
  if (dryRun === true) return null;
  const about = [topic, clientId].filter((one) => typeof one === 'string');
  // Where the path is written in another way, it stands there as it came.
  const path = url.startsWith(prefix) ? url.slice(prefix.length) : url;
  return [method, path, ...about].join(' ').slice(0, LONGEST);
}

/** Tells the audit log of a request that is answered. */
export function tellAudit(
  audit: AdminAudit,
  request: FastifyRequest,
  { access, visitor, status, prefix }: { access: Access; visitor: Visitor; status: number; prefix: string },
): void {
  const what = deedOf(request, prefix);
  // Wrong passwords are told by whoever checked them.
  if (what === null || status === 401 || status === 403) return;
  audit.did({ user: access.operatorOf(request), address: visitor.address, what, ok: status < 400 });
}
