import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { installPackages } from "./apt.mjs";
import { run } from "./command.mjs";
import { withLock } from "./flock.mjs";
import { SetupError, step } from "./say.mjs";

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
      `installing ${names.length} Debian package${names.length === 1 ? "" : "s"}`,
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
