export { JWT_ALGORITHMS, type JwtAlgorithm } from './algorithms.ts';
export { type JwtParts, JwtProvider } from './jwt-provider.ts';
export type { JwtOptions } from './options.ts';
