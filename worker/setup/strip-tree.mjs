/**
 * `strip-tree.mjs FROM TO`, run by Node 24: writes each TypeScript module of FROM (but what is for
 * the browser) as JavaScript into TO. Types become blanks, so lines and columns stay.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { listCode } from "./code-files.mjs";
import { renameModules, strippedName } from "./strip-types.mjs";

const [from, to] = process.argv.slice(2);
const modules = listCode(from).filter((file) => file.endsWith(".ts"));
for (const file of modules) {
  const target = join(to, strippedName(file));
  const text = stripTypeScriptTypes(readFileSync(join(from, file), "utf8"), { mode: "strip" });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, renameModules(text, file, modules));
}
