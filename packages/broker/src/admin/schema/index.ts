/**
 * The admin HTTP API as data: what requests and answers look like. One schema gives validation, the OpenAPI document and the
 * types that the dashboard is written against.
 */
export * from './clients.ts';
export * from './common.ts';
export * from './dashboards.ts';
export * from './explain.ts';
export * from './graph.ts';
export * from './live.ts';
export * from './overview.ts';
export * from './session.ts';
export * from './topics.ts';
