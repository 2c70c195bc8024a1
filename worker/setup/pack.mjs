import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundlePages } from "./browser-bundle.mjs";
import { ensureNodeModules, findNode } from "./node-modules.mjs";
import { SetupError, say } from "./say.mjs";
import { renameModules, strippedName } from "./strip-types.mjs";

/**
 * `npm pack` ships `dist/package`: the same tree with its types stripped, because Node refuses
 * TypeScript below node_modules, and the pages bundled.
 */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const out = join(root, "dist", "package");
const PARTS = ["bot", "worker", "sandbox", "screenshots"];

function listFiles() {
  const files = PARTS.flatMap((part) =>
    readdirSync(join(root, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)),
  );
  // Sources of pages are for the browser, and shipped bundled.
  return files.filter((file) => !/^bot\/\w+\/page\//.test(file));
}

async function pack() {
  await ensureNodeModules(root);
  if (!nodeModule.stripTypeScriptTypes) {
    const again = spawnSync(
      findNode(root),
      ["--disable-warning=ExperimentalWarning", fileURLToPath(import.meta.url)],
      { stdio: "inherit" },
    );
    process.exitCode = again.status ?? 1;
    return;
  }
  rmSync(out, { recursive: true, force: true });
  const files = listFiles();
  const modules = new Set(files.filter((file) => file.endsWith(".ts")));
  for (const file of files) {
    const target = join(out, strippedName(file));
    mkdirSync(dirname(target), { recursive: true });
    if (!modules.has(file)) cpSync(join(root, file), target);
    else {
      const text = nodeModule.stripTypeScriptTypes(readFileSync(join(root, file), "utf8"), {
        mode: "strip",
      });
      writeFileSync(target, renameModules(text, file, modules));
    }
    if (file.endsWith(".sh")) chmodSync(target, 0o755);
  }
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
