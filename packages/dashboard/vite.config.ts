import { defineConfig } from 'vite';

/** How the pages are built; `scripts/build-dashboard.ts` says where to. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0, // the pages' policy allows no data: scripts or styles
    modulePreload: { polyfill: false },
    emptyOutDir: true,
  },
});
