// What parsers of URLs in Node and in browsers share.

/** A URL as errors may show it: without user, password, and the query, which may hold a token. */
export const withoutSecrets = (url: string): string => url.replace(/^([a-z+]+:\/\/)?.*@/is, '$1').replace(/\?.*/s, '');

/** User and password as a URL names them; nothing where it names none. @throws {URIError} wrongly encoded */
export function credentialsOf(url: { readonly username: string; readonly password: string }): Partial<typeof url> {
  const { username, password } = url;
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}
