import { dirname, join, normalize } from "node:path";

/** The name that a TypeScript file has after its types are stripped. */
export function strippedName(file) {
  return file.replace(/\.tsx?$/, ".js");
}

/**
 * Renames, in the text of one file, every quoted path that means a module of the tree: imports,
 * `new URL("./x.ts", import.meta.url)`, and paths from the top such as `sandbox/keeper-main.ts`.
 * Other strings that end in `.ts` are data and stay.
 */
export function renameModules(text, file, modules) {
  return text.replace(/([\w@./-]+\.ts)(?=["'`])/g, (path) => {
    const meant = [normalize(join(dirname(file), path)), path.replace(/^\/+/, "")];
    return meant.some((candidate) => modules.has(candidate)) ? strippedName(path) : path;
  });
}
