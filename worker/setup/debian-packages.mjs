import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { run } from "./command.mjs";
import { withLock } from "./flock.mjs";
import { SetupError, say, step } from "./say.mjs";

/** Debian packages that we run, each with a file that shows it is there, and what it is for. */
export const DEBIAN_PACKAGES = [
  {
    name: "redis-server",
    files: ["/usr/bin/redis-server", "/usr/local/bin/redis-server"],
    why: "task states",
  },
  {
    name: "crun",
    files: ["/usr/bin/crun", "/usr/sbin/runc", "/usr/bin/runc"],
    why: "starts sandboxes",
  },
  { name: "git", files: ["/usr/bin/git"], why: "fetch and push" },
  { name: "openssh-client", files: ["/usr/bin/ssh"], why: "repositories by ssh" },
  { name: "ca-certificates", files: ["/etc/ssl/certs/ca-certificates.crt"], why: "https" },
  {
    name: "iproute2",
    files: ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"],
    why: "the sandbox's loopback",
  },
  { name: "util-linux", files: ["/usr/bin/unshare"], why: "namespaces" },
  { name: "e2fsprogs", files: ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"], why: "disk limits" },
  { name: "tini", files: ["/usr/bin/tini-static"], why: "first process of a sandbox" },
  { name: "patchelf", files: ["/usr/bin/patchelf"], why: "the private tools" },
  {
    name: "golang-github-containers-common",
    files: ["/usr/share/containers/seccomp.json"],
    why: "list of system calls",
  },
  {
    name: "chromium-headless-shell",
    files: ["/usr/bin/chromium-headless-shell"],
    why: "screenshots",
  },
  {
    name: "fonts-liberation",
    files: ["/usr/share/fonts/truetype/liberation", "/usr/share/fonts/truetype/liberation2"],
    why: "text on screenshots",
  },
  {
    name: "fonts-noto-color-emoji",
    files: ["/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"],
    why: "emoji on screenshots",
  },
];

/** The packages of which no file is there. */
export function missingPackages(packages = DEBIAN_PACKAGES, exists = existsSync) {
  return packages.filter(({ files }) => !files.some((file) => exists(file)));
}

/** Installs what is missing; no service of it is left running or enabled. */
export async function ensureDebianPackages(shared) {
  if (missingPackages().length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) {
    const names = missingPackages()
      .map((p) => p.name)
      .join(", ");
    throw new SetupError(
      `this needs a Debian system with apt; install by hand what corresponds to: ${names}`,
    );
  }
  await withLock(`${shared}/.apt.lock`, "installing Debian packages", async () => {
    const missing = missingPackages();
    if (missing.length === 0) return;
    const names = missing.map((p) => p.name);
    await step(
      `installing ${names.length} Debian packages`,
      missing.map((p) => `${p.name}: ${p.why}`).join("; "),
      (tell) =>
        withoutServices(async () => {
          await installPackages(names, tell);
          if (names.includes("redis-server")) await disableService("redis-server");
        }),
    );
    const absent = missingPackages().map((p) => p.name);
    if (absent.length > 0) {
      throw new SetupError(
        `apt-get installed ${absent.join(", ")} without the files expected; run: apt-get install --reinstall ${absent.join(" ")}`,
      );
    }
  });
}

const APT_ENVIRONMENT = {
  DEBIAN_FRONTEND: "noninteractive",
  DEBCONF_NONINTERACTIVE_SEEN: "true",
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_MODE: "l",
  NEEDRESTART_SUSPEND: "1",
};
const APT_OPTIONS = [
  "-y",
  "-q",
  "--no-install-recommends",
  "-o",
  "DPkg::Lock::Timeout=600",
  "-o",
  "Acquire::Retries=3",
  "-o",
  "Dpkg::Options::=--force-confdef",
  "-o",
  "Dpkg::Options::=--force-confold",
];

async function installPackages(names, tell) {
  const apt = (args, check) =>
    run(["apt-get", ...args], {
      env: APT_ENVIRONMENT,
      check,
      onLine: tell,
      timeoutMs: 1_800_000,
      acting: "installing Debian packages",
    });
  if (hasLists()) {
    const first = await apt(["install", ...APT_OPTIONS, ...names], false);
    if (first.code === 0) return;
  }
  // Old or absent lists are the common cause; a second failure is the real one.
  await updateLists(apt);
  await apt(["install", ...APT_OPTIONS, ...names], true);
}

/** apt waits for dpkg's lock by itself, but not for the one of its lists. */
async function updateLists(apt) {
  for (let attempt = 1; attempt <= 30; attempt++) {
    const result = await apt(["update", "-q", "-o", "Acquire::Retries=3"], false);
    if (result.code === 0) return;
    if (!/Could not get lock|Unable to lock/.test(result.stderr)) {
      // One dead source of several must not stop us: the install says whether it mattered.
      say(`  apt-get update: ${result.stderr.trim().split("\n").at(-1)}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

function hasLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}

const POLICY = "/usr/sbin/policy-rc.d";
const POLICY_TEXT =
  "#!/bin/sh\n# Made by the set-up of colony while it installs packages; it may be removed.\nexit 101\n";

/** While packages are installed, Debian's own switch says that no service may start. */
async function withoutServices(work) {
  const ours = () => existsSync(POLICY) && readFileSync(POLICY, "utf8") === POLICY_TEXT;
  if (!existsSync(POLICY)) writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
  try {
    return await work();
  } finally {
    if (ours()) rmSync(POLICY);
  }
}

async function disableService(name) {
  await run(["systemctl", "disable", "--now", name], { check: false });
  await run(["update-rc.d", name, "disable"], { check: false });
}
