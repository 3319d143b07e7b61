export { LdapProvider, type LdapSurroundings } from './ldap-provider.ts';
export type { LdapOptions } from './options.ts';
