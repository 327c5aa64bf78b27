// How the console is built: one page with its assets beside it, nothing inlined and nothing fetched from elsewhere.
import { defineConfig } from 'vite';

export default defineConfig({
  // The content security policy forbids inline code and data: URLs, so nothing is inlined.
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
