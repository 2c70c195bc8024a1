import { dirname, join, normalize } from "node:path";

/** The name that a TypeScript file has after its types are stripped. */
export function strippedName(file) {
  return file.replace(/\.ts$/, ".js");
}

/**
 * Renames, in the text of one file, every quoted path that means a module of the tree: imports,
 * `new URL("./x.ts", import.meta.url)`, paths from the top such as `sandbox/keeper-main.ts`, and
 * their last part (`join(root, "worker", "driver-main.ts")`). Other strings that end in `.ts` are
 * data and stay.
 */
export function renameModules(text, file, modules) {
  return text.replace(/([\w@./-]+\.ts)(?=["'`])/g, (path) => {
    const relative = normalize(join(dirname(file), path));
    const tail = `/${path.replace(/^\/+/, "")}`;
    const isModule = modules.some((name) => name === relative || `/${name}`.endsWith(tail));
    return isModule ? strippedName(path) : path;
  });
}
