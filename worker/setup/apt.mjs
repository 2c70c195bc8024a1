import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./command.mjs";
import { SetupError, say } from "./say.mjs";

const ENVIRONMENT = {
  DEBIAN_FRONTEND: "noninteractive",
  DEBCONF_NONINTERACTIVE_SEEN: "true",
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_MODE: "l",
  NEEDRESTART_SUSPEND: "1",
};
const SETTINGS = [
  "DPkg::Lock::Timeout=600",
  "Acquire::Retries=3",
  "Dpkg::Options::=--force-confdef",
  "Dpkg::Options::=--force-confold",
];
const OPTIONS = ["-y", "-q", "--no-install-recommends", ...SETTINGS.flatMap((s) => ["-o", s])];
const LOCKED = /Could not get lock|Unable to (lock|acquire)/;
const LOCK_TRIES = 60;

/** Runs one apt-get; it waits for dpkg's lock by itself, but not for those of lists and archives. */
async function runApt(args, onLine) {
  const options = { env: ENVIRONMENT, onLine, timeoutMs: 1_800_000, check: false };
  let repaired = false;
  for (let tries = 1; ; tries++) {
    const result = await run(["apt-get", ...args], options);
    if (result.code === 0) return result;
    if (LOCKED.test(result.stderr) && tries < LOCK_TRIES) {
      onLine?.("waiting for another apt to end");
      await sleep(5000);
    } else if (result.stderr.includes("dpkg was interrupted") && !repaired) {
      say("  an earlier dpkg was interrupted; finishing it first (dpkg --configure -a)");
      repaired = true;
      await run(["dpkg", "--configure", "-a"], options);
    } else return result;
  }
}

/** Installs packages from the host's own sources, refreshing their lists only when that is needed. */
export async function installPackages(names, onLine) {
  const install = ["install", ...OPTIONS, ...names];
  if (hasLists() && (await runApt(install, onLine)).code === 0) return;
  const update = await runApt(["update", "-q", "-o", "Acquire::Retries=3"], onLine);
  // One dead source of several must not stop us: the install says whether it mattered.
  if (update.code !== 0) say(`  apt-get update: ${update.stderr.trim().split("\n").at(-1)}`);
  const result = await runApt(install, onLine);
  if (result.code === 0) return;
  const reasons = result.stderr.split("\n").filter((line) => line.startsWith("E: "));
  throw new SetupError(
    `cannot install ${names.join(", ")}: ${reasons.map((line) => line.slice(3)).join(" ") || result.end}\n` +
      `  To see all of it, run: apt-get update && apt-get install --no-install-recommends ${names.join(" ")}`,
  );
}

function hasLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}
