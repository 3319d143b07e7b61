export { HttpProvider } from './http-provider.ts';
export type { HttpOptions } from './options.ts';
