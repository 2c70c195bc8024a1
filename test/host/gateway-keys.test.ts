import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { stateFolder } from "../../sandbox/state-folder.ts";
import { prepareGatewayFolder } from "../../worker/gateway/client.ts";
import { gatewayArgv } from "../../worker/gateway/launch.ts";
import { readColonyUser } from "../../worker/process/system-user.ts";

const key = "sk-not-for-others";

test("no other process of the same user reads the keys", async () => {
  const user = await readColonyUser();
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp("/tmp/colony-keys-");
  stack.defer(() => rm(home, { recursive: true, force: true }));
  await chmod(home, 0o711);
  const folder = stateFolder(home);
  await prepareGatewayFolder(folder, user);
  const runtime = process.env.COLONY_RUNTIME ?? "";
  const env = { COLONY_HOME: home, ANTHROPIC_API_KEY: key, PATH: "/usr/bin:/bin" };
  const [program, ...args] = gatewayArgv(user, join(runtime, "bin/node"), runtime);
  const gateway = start(
    stack,
    spawn(program, args, { env, stdio: ["ignore", "inherit", "inherit"] }),
  );
  await vi.waitFor(() => expect(existsSync(join(home, "gateway/control.sock"))).toBe(true), {
    timeout: 20_000,
  });
  const open = { uid: user.uid, gid: user.gid };
  const bare = start(stack, spawn("sleep", ["60"], { env, ...open, stdio: "ignore" }));
  const read = (pid: number) =>
    execFileSync("cat", [`/proc/${pid}/environ`], { ...open, encoding: "utf8", stdio: "pipe" });
  expect(read(bare)).toContain(key);
  expect(() => read(gateway)).toThrow(/Permission denied/);
});

function start(stack: AsyncDisposableStack, child: ChildProcess): number {
  stack.defer(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  return child.pid ?? 0;
}
