import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/** Finds a dependency as Node does: in the nearest node_modules, going up. */
function findPackage(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === "/") return undefined;
  }
}

function wantedNames(folder) {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const isOptional = (name) => about.peerDependenciesMeta?.[name]?.optional === true;
  const peers = Object.keys(about.peerDependencies ?? {}).filter((name) => !isOptional(name));
  return [
    ...Object.keys(about.dependencies ?? {}),
    ...Object.keys(about.optionalDependencies ?? {}),
    ...peers,
  ];
}

/** Where a package lies below the nearest folder above `root` that holds it. */
function placeBelow(root, found) {
  for (let folder = root; folder !== "/"; folder = dirname(folder)) {
    if (found.startsWith(join(folder, "node_modules/"))) return relative(folder, found);
  }
  return join("node_modules", basename(found));
}

/**
 * Every package that runs in production, from the dependencies of `root` on, as a map from the
 * place that it takes in a copy (`node_modules/…`) to the folder where it lies now. Dev
 * dependencies are left out. In a clone the packages lie below `root`; installed from a package
 * they lie above it; in the copy all lie below it.
 */
export function productionClosure(root) {
  const places = new Map();
  const queue = [{ folder: root, place: "" }];
  for (const { folder, place } of queue) {
    for (const name of wantedNames(folder)) {
      const found = findPackage(name, folder);
      // Optional ones of other platforms, and peers that nobody installed.
      if (!found || root.startsWith(`${found}/`)) continue;
      const common = placeBelow(root, found);
      const taken = places.get(common);
      if (taken === found) continue;
      // Two versions want one place: the later comer's goes below the package that asks for it.
      const free = taken === undefined ? common : join(place, "node_modules", name);
      if (places.get(free) === found) continue;
      places.set(free, found);
      queue.push({ folder: found, place: free });
    }
  }
  return places;
}
