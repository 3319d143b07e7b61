/** `system`: as the machine is set. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'cauldron-theme';

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

/** What was chosen in this browser. */
export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Shows the page in a theme, and remembers it. */
export function chooseTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  show();
}

/** Shows the page as it was chosen, from now on also when the system changes. To be called once, before it is drawn. */
export function beginTheme(): void {
  show();
  systemIsDark.addEventListener('change', show);
}

/**
 * Calls back when other colours are shown, until the function that comes back is called: what is drawn on a canvas has to be
 * drawn again.
 */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}

/** The style sheet knows two themes, by this attribute. */
function show(): void {
  const theme = chosenTheme();
  const dark = theme === 'system' ? systemIsDark.matches : theme === 'dark';
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
