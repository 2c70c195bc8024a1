import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Pages of the bot: `bot/<name>/page/main.tsx` becomes `<out>/<name>/main.js` and `main.css`. */
function findPages(root) {
  if (!existsSync(join(root, "bot"))) return [];
  return readdirSync(join(root, "bot")).filter((name) =>
    existsSync(join(root, "bot", name, "page", "main.tsx")),
  );
}

/** Bundles the browser code into `out`, and says whether there was any source to bundle. */
export async function bundlePages(root, out) {
  const pages = findPages(root);
  if (pages.length === 0) return false;
  const resolved = createRequire(join(root, "package.json")).resolve("esbuild");
  const { build } = await import(pathToFileURL(resolved).href).then(
    (module) => module.default ?? module,
  );
  await build({
    entryPoints: Object.fromEntries(
      pages.map((name) => [`${name}/main`, join(root, "bot", name, "page", "main.tsx")]),
    ),
    outdir: out,
    bundle: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    sourcemap: "linked",
    loader: { ".woff2": "file", ".svg": "dataurl", ".png": "dataurl" },
    logLevel: "error",
    absWorkingDir: root,
  });
  return true;
}
