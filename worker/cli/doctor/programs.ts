import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../sandbox/command.ts";
import { type HostCheck, limited, missing, ok } from "../../../sandbox/host-check.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";

const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C.UTF-8",
  HOME: "/nonexistent",
};

/** What a program prints, or undefined where it does not start or fails. */
export async function ask(
  argv: readonly [string, ...string[]],
  account: { uid?: number; gid?: number } = {},
): Promise<string | undefined> {
  try {
    const result = await runCommand({
      argv,
      env: ENVIRONMENT,
      timeoutMs: 30_000,
      maxOutputBytes: 65_536,
      ...account,
    });
    return result.exitCode === 0 ? result.stdout.toString("utf8").trim() : undefined;
  } catch {
    return undefined;
  }
}

const PREFIX_TOOLS = [
  { program: "jj", oldest: "0.46" },
  { program: "git", oldest: "2.42" },
  { program: "crun", oldest: "1.21" },
  { program: "mount", oldest: "2.39.1" },
] as const;

/** The tools that must be newer than a stable Debian's; the set-up fetches them. */
export async function checkTools(folder: StateFolder): Promise<HostCheck[]> {
  const checks = PREFIX_TOOLS.map(async ({ program, oldest }) => {
    const version = (await ask([join(folder.toolsBin, program), "--version"]))?.split("\n")[0];
    if (version !== undefined)
      return ok(program, `${version.replace(/ \(.*/, "")} (${oldest} or newer is needed)`);
    const mend = `rm -rf ${join(folder.shared, "tools")} and start any colony command: the set-up fetches it again`;
    return missing(program, `${join(folder.toolsBin, program)} does not start.`, mend);
  });
  return Promise.all(checks);
}

const SYSTEM_FILES = [
  { item: "ip", packageName: "iproute2", files: ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"] },
  { item: "tini", packageName: "tini", files: ["/usr/bin/tini-static"] },
  { item: "ssh", packageName: "openssh-client", files: ["/usr/bin/ssh"] },
  {
    item: "system call list",
    packageName: "golang-github-containers-common",
    files: ["/usr/share/containers/seccomp.json"],
  },
  {
    item: "fonts",
    packageName: "fonts-liberation fonts-noto-color-emoji",
    files: ["/usr/share/fonts/truetype/liberation", "/usr/share/fonts/truetype/liberation2"],
  },
] as const;

/** What Debian's packages bring as files. */
export function checkSystemFiles(exists: (path: string) => boolean = existsSync): HostCheck[] {
  return SYSTEM_FILES.map(({ item, packageName, files }) => {
    const found = files.find((file) => exists(file));
    if (found !== undefined) return ok(item, found);
    return missing(item, `None of ${files.join(", ")} is there.`, `apt-get install ${packageName}`);
  });
}

/** Judges what `redis-server --version` printed; older ones lack commands that the queues use. */
export function judgeRedis(printed: string | undefined): HostCheck {
  const version = /v=(\d+)\.(\d+)\.\d+/.exec(printed ?? "");
  if (version === null)
    return missing("redis", "redis-server does not start.", "apt-get install redis-server");
  const [shown, major, minor] = version;
  const isNew = Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2);
  if (isNew) return ok("redis", `redis-server ${shown.slice(2)}`);
  return missing(
    "redis",
    `redis-server ${shown.slice(2)} is older than 6.2.`,
    "apt-get install redis-server, or set REDIS_URL",
  );
}

/** The unprivileged user, as the system's list has it. */
export function readColonyUser(passwd: string): { uid: number; gid: number } | undefined {
  const fields = passwd
    .split("\n")
    .find((line) => line.startsWith("colony:"))
    ?.split(":");
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** The system user, and Chromium started as that user under its own sandbox. */
export async function checkBrowser(): Promise<HostCheck[]> {
  const user = readColonyUser(readFileSync("/etc/passwd", "utf8"));
  if (user === undefined) {
    return [
      missing(
        "user",
        "The system user colony does not exist.",
        "useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin colony",
      ),
    ];
  }
  const checks = [ok("user", `colony, uid ${user.uid}`)];
  const browser = "/usr/bin/chromium-headless-shell";
  if (!existsSync(browser)) {
    return [
      ...checks,
      limited(
        "chromium",
        "No pictures: chromium-headless-shell is not installed.",
        "apt-get install chromium-headless-shell",
      ),
    ];
  }
  const page = await dumpPage(browser, user);
  if (page?.includes("works"))
    return [...checks, ok("chromium", "starts without root, under its own sandbox")];
  const says =
    "No pictures: Chromium does not start as an unprivileged user under its own sandbox.";
  return [
    ...checks,
    limited(
      "chromium",
      says,
      "sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0",
    ),
  ];
}

async function dumpPage(
  browser: string,
  user: { uid: number; gid: number },
): Promise<string | undefined> {
  const profile = mkdtempSync(join(tmpdir(), "colony-doctor-"));
  try {
    chownSync(profile, user.uid, user.gid);
    return await ask(
      [
        browser,
        "--disable-gpu",
        `--user-data-dir=${profile}`,
        "--dump-dom",
        "data:text/html,<p>works</p>",
      ],
      user,
    );
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

export async function checkRedis(): Promise<HostCheck> {
  return judgeRedis(await ask(["redis-server", "--version"]));
}
