import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The parts of the program, and of a copy of it. */
export const CODE_FOLDERS = ["bot", "worker", "sandbox", "screenshots"];
/** Sources of pages are for the browser, and used as a bundle. */
const PAGE = /^bot\/\w+\/page\//;

function listFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listFiles(root, path);
    return entry.isFile() ? [path] : [];
  });
}

/** Every file of the program's parts, in a fixed order, as paths from `root`. */
export function listSources(root) {
  return CODE_FOLDERS.flatMap((name) => listFiles(root, name));
}

/** The files that Node may run or read: all but those for the browser. */
export function listCode(root) {
  return listSources(root).filter((file) => !PAGE.test(file));
}
