import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { HostNotReadyError } from "./errors.ts";
import type { StateFolder } from "./state-folder.ts";

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The whole environment of host programs that we start: nothing of the caller's gets in. */
export const systemEnvironment: Readonly<Record<string, string>> = {
  PATH: systemPath,
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  HOME: "/nonexistent",
};

/** A host program: of the private tool prefix where it has one, else the system's. */
export function toolPath(folder: StateFolder, name: string): string {
  const own = join(folder.toolsBin, name);
  if (existsSync(own)) return own;
  const found = systemPath.split(":").find((bin) => existsSync(join(bin, name)));
  return found === undefined ? name : join(found, name);
}

/** The OCI runtime that makes sandboxes: an absolute path, or the name of a program. */
export function runtimePath(folder: StateFolder, runtime = "crun"): string {
  const path = isAbsolute(runtime) ? runtime : toolPath(folder, runtime);
  if (isAbsolute(path) && existsSync(path)) return path;
  throw new HostNotReadyError(
    `The OCI runtime ${runtime}`,
    "install it, or name another as `runtime:` in config.yml",
  );
}
