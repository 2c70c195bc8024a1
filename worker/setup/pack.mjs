import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundlePages } from "./browser-bundle.mjs";
import { listCode } from "./code-files.mjs";
import { ensureNodeModules } from "./node-modules.mjs";
import { stripTree } from "./runtime-copy.mjs";
import { SetupError, say } from "./say.mjs";

/**
 * `npm pack` ships `dist/package`: the same tree with its types stripped, because Node refuses
 * TypeScript below node_modules, and the pages bundled.
 */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const out = join(root, "dist", "package");

async function pack() {
  await ensureNodeModules(root);
  rmSync(out, { recursive: true, force: true });
  for (const file of listCode(root).filter((name) => !name.endsWith(".ts"))) {
    mkdirSync(dirname(join(out, file)), { recursive: true });
    cpSync(join(root, file), join(out, file));
    if (file.endsWith(".sh")) chmodSync(join(out, file), 0o755);
  }
  await stripTree(root, out);
  await bundlePages(root, join(out, "dist"));
  const about = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of ["scripts", "devDependencies", "bin", "files"]) delete about[name];
  writeFileSync(join(out, "package.json"), `${JSON.stringify(about, null, 2)}\n`);
}

try {
  await pack();
} catch (error) {
  say(error instanceof SetupError ? error.message : `cannot pack: ${error.stack}`);
  process.exitCode = 1;
}
