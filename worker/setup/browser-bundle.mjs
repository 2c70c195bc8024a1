import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The chat page: `page.js` and `page.css` beside each other in `dist`. */
const ENTRIES = ["bot/local/page/main.tsx", "bot/local/page/style.css"];

/** Bundles the browser code into `out`, and says whether there was any source to bundle. */
export async function bundlePages(root, out) {
  const entries = ENTRIES.map((file) => join(root, file)).filter(existsSync);
  if (entries.length === 0) return false;
  const resolved = createRequire(join(root, "package.json")).resolve("esbuild");
  const module = await import(pathToFileURL(resolved).href);
  await module.build({
    entryPoints: entries.map((file) => ({ in: file, out: "page" })),
    outdir: out,
    bundle: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    loader: { ".woff2": "file", ".svg": "dataurl", ".png": "dataurl" },
    logLevel: "error",
    absWorkingDir: root,
  });
  return true;
}
