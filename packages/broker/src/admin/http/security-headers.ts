import type { FastifyReply } from 'fastify';

/** What pages may load, and from where: nothing but what this broker serves, and MQTT over WebSocket wherever the user says. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self' ws: wss:",
  // The MQTT client keeps its timers in a worker, since browsers slow down those of tabs nobody looks at.
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ');

/** On every answer, whatever it is. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** What comes from the API is nobody's to keep; pages say themselves how long they hold. */
export function setHeaders(reply: FastifyReply, isApi: boolean): void {
  reply.headers(SECURITY_HEADERS);
  if (isApi) reply.header('Cache-Control', 'no-store');
}
