/** The URL of a module in this folder: TypeScript beside TypeScript, compiled beside compiled. */
export function siblingModule(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}
