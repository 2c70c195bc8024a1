import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { sweepLeftovers } from "../../../sandbox/sandbox.ts";
import { type StateFolder, stateFolder } from "../../../sandbox/state-folder.ts";
import { openVisitor, type Visitor } from "../../../worker/demo/visitor.ts";
import { type Client, openClient } from "../../../worker/protocol/client.ts";
import { mintSignIn, type Role as SignInRole } from "../../../worker/protocol/sign-in.ts";
import type { Person } from "../../../worker/protocol/task.ts";
import { redisFiles } from "../../../worker/redis/settings.ts";

export const ada = { id: "local:ada", name: "Ada Lovelace", email: "ada@example.org" };
export const bob = { id: "local:bob", name: "Bob Noyce", email: "bob@example.org" };

/** Which process of ours to hit. */
export type Role = "driver" | "bot" | "supervisor" | "redis" | "keeper";

/** A whole Colony as `colony up` starts it, with a state folder and ports of its own. */
export interface Installation extends AsyncDisposable {
  readonly folder: StateFolder;
  readonly origin: string;
  readonly previewPort: number;
  readonly client: Client;
  /** Signs in, as Ada and an administrator unless told otherwise. */
  visit(person?: Person, role?: SignInRole): Promise<Visitor>;
  pids(role: Role): number[];
  /** The last errors in the logs of bot and worker: what a failing test wants to tell. */
  troubles(): readonly string[];
  /** SIGKILLs one process of that role, if there is one. */
  kill(role: Role, index?: number): number | undefined;
  /** As after a power cut: every process is gone at once, and only the disk is left. */
  crash(): Promise<void>;
  /** Ends `colony up` in order and answers what is left of it on this host. */
  end(): Promise<Leftovers>;
}

export interface Leftovers {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
}

const entryOf: Record<Role, string> = {
  driver: "worker/driver-main",
  bot: "bot/main",
  supervisor: "worker/main",
  redis: "redis-server",
  keeper: "sandbox/keeper-main",
};

export async function openInstallation(
  settings: {
    readonly environment?: Record<string, string>;
    readonly home?: string;
    /** Another entry than the clone's: that of the copy that a person runs. */
    readonly cli?: string;
  } = {},
): Promise<Installation> {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = settings.home ?? mkdtempSync(join(parent, "up-"));
  const folder = stateFolder(home, process.env.COLONY_SHARED);
  const [port, previewPort] = [await freePort(), await freePort()];
  const cli = settings.cli ?? join(import.meta.dirname, "../../../worker/cli/main.ts");
  const up = spawn(process.execPath, [cli, "up", "--home", home, "--port", String(port)], {
    env: { ...process.env, COLONY_PREVIEW_PORT: String(previewPort), ...settings.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  for (const stream of [up.stdout, up.stderr])
    stream.on("data", (bytes: Buffer) => (words += bytes.toString()));
  const origin = `http://127.0.0.1:${port}`;
  while (!words.includes("/sign-in?token=")) {
    if (up.exitCode !== null) throw new Error(`colony up ended: ${words}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const client = openClient(redisFiles(folder, "control").socket);
  const pids = (role: Role) =>
    processesOf(home)
      .filter(({ line }) => line.includes(entryOf[role]))
      .map(({ pid }) => pid);
  const end = async () => {
    if (up.exitCode === null && up.signalCode === null) {
      up.kill("SIGTERM");
      await once(up, "exit");
    }
    return leftoversOf(home);
  };
  return {
    folder,
    origin,
    previewPort,
    client,
    pids,
    troubles: () =>
      ["worker.log", "bot.log"].flatMap((name) =>
        readFileSync(join(home, name), "utf8")
          .split("\n")
          .filter((line) => line.includes('"err"'))
          .slice(-4),
      ),
    async visit(person = ada, role = "admin") {
      return openVisitor(origin, await mintSignIn(client.redis, { person, role }));
    },
    kill(role, index = 0) {
      const found = pids(role);
      const pid = found[index % Math.max(found.length, 1)];
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      return pid;
    },
    end,
    async crash() {
      up.kill("SIGKILL");
      for (const { pid } of processesOf(home)) killNow(pid);
      await sweepLeftovers(folder);
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await end();
      await sweepLeftovers(folder);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went with another one.
  }
}

/** Every process that names the state folder in its command line or environment. */
function processesOf(home: string): { pid: number; line: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const line = readProc(name, "cmdline");
      const ours =
        line.includes(home) || readProc(name, "environ").includes(`COLONY_HOME=${home}\0`);
      return ours ? [{ pid: Number(name), line: line.replaceAll("\0", " ") }] : [];
    });
}

function leftoversOf(home: string): Leftovers {
  const sandboxes = join(home, "sandboxes");
  const ids = existsSync(sandboxes) ? readdirSync(sandboxes) : [];
  const cgroups = cgroupsOf();
  return {
    processes: processesOf(home).map(({ line }) => line),
    mounts: readProc("self", "mountinfo")
      .split("\n")
      .filter((line) => line.includes(home)),
    cgroups: cgroups.filter((path) =>
      ids.some((id) => path.endsWith(`box-${id}`) || path.endsWith(`keeper-${id}`)),
    ),
  };
}

/** Groups of other tests come and go while they are listed. */
function cgroupsOf(): string[] {
  for (;;) {
    try {
      return readdirSync("/sys/fs/cgroup", { recursive: true, encoding: "utf8" });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
