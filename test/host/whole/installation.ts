import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { sweepLeftovers } from "../../../sandbox/sandbox.ts";
import { type StateFolder, stateFolder } from "../../../sandbox/state-folder.ts";
import { openVisitor, type Visitor } from "../../../worker/demo/visitor.ts";
import { type Client, openClient } from "../../../worker/protocol/client.ts";
import { mintSignIn } from "../../../worker/protocol/sign-in.ts";
import { redisFiles } from "../../../worker/redis/settings.ts";

export const ada = { id: "local:ada", name: "Ada Lovelace", email: "ada@example.org" };

/** Which process of ours to hit. */
export type Role = "driver" | "bot" | "supervisor" | "redis" | "keeper";

/** A whole Colony as `colony up` starts it, with a state folder and ports of its own. */
export interface Installation extends AsyncDisposable {
  readonly folder: StateFolder;
  readonly origin: string;
  readonly previewPort: number;
  readonly client: Client;
  /** Signs in as Ada. */
  visit(): Promise<Visitor>;
  pids(role: Role): number[];
  /** SIGKILLs one process of that role, if there is one. */
  kill(role: Role, index?: number): number | undefined;
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
  settings: { readonly environment?: Record<string, string> } = {},
): Promise<Installation> {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "up-"));
  const folder = stateFolder(home, process.env.COLONY_SHARED);
  const [port, previewPort] = [await freePort(), await freePort()];
  const cli = join(import.meta.dirname, "../../../worker/cli/main.ts");
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
    async visit() {
      return openVisitor(origin, await mintSignIn(client.redis, ada));
    },
    kill(role, index = 0) {
      const found = pids(role);
      const pid = found[index % Math.max(found.length, 1)];
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      return pid;
    },
    end,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await end();
      await sweepLeftovers(folder);
      rmSync(home, { recursive: true, force: true });
    },
  };
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
  const ids = readdirSync(join(home, "sandboxes"), { withFileTypes: true }).map(({ name }) => name);
  const cgroups = readdirSync("/sys/fs/cgroup", { recursive: true, encoding: "utf8" });
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
