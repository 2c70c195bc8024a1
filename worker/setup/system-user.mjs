import { readFileSync } from "node:fs";
import { run } from "./command.mjs";
import { SetupError, step } from "./say.mjs";

/** The one unprivileged user that owns stores and runs everything that needs no root. */
export const SYSTEM_USER = "colony";

/** Reads uid and gid of the system user from the system's own list, or undefined. */
export function readSystemUser(passwd = readFileSync("/etc/passwd", "utf8")) {
  const line = passwd.split("\n").find((entry) => entry.startsWith(`${SYSTEM_USER}:`));
  if (!line) return undefined;
  const [, , uid, gid] = line.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Makes the system user if it is missing: no home, no login. */
export async function ensureSystemUser() {
  const found = readSystemUser();
  if (found?.uid === 0)
    throw new SetupError("the user colony has uid 0 here; it must be an unprivileged one");
  if (found) return found;
  await step(
    `adding the system user ${SYSTEM_USER}`,
    "owns the repositories and runs what needs no root",
    async () => {
      const account = [
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
      ];
      const result = await run(
        ["useradd", ...account, "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        { check: false },
      );
      // Exit 9: another set-up was faster.
      if (result.code !== 0 && !(result.code === 9 && readSystemUser())) {
        throw new SetupError(`cannot add the user ${SYSTEM_USER}: ${result.stderr.trim()}`);
      }
    },
  );
  return readSystemUser();
}
