import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  build: {
    outDir: fileURLToPath(new URL("../dist/dashboard", import.meta.url)),
    emptyOutDir: true,
    // Inlined pictures would have to be allowed by the page's security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
