import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { agentBinds } from "../../worker/agent/installed.ts";
import {
  closeRunSocket,
  openRunSocket,
  prepareGatewayFolder,
} from "../../worker/gateway/client.ts";
import { readColonyUser } from "../../worker/process/system-user.ts";
import { makeSandboxHome, mebibyte, openForTest, smallSpec } from "../host/sandbox-fixture.ts";
import { openOfflineModel } from "../model/offline-model.ts";
import { installed, offlineEnv, type RealAgent } from "./real-agent.ts";

const workspace = "/workspace";
/** The key that the gateway holds; nothing inside may show it. */
export const hostKey = "sk-colony-test-the-real-key";

/** As it is for people: in a sandbox, its model behind relay and gateway. */
export async function openInside(name: string): Promise<RealAgent> {
  const resources = new AsyncDisposableStack();
  try {
    const { known, folder: shared } = await installed(name);
    const model = resources.use(await openOfflineModel(workspace));
    const folder = resources.use(makeSandboxHome());
    const user = await readColonyUser();
    await prepareGatewayFolder(folder, user);
    chmodSync(folder.home, 0o711);
    const gateway = spawn(`${runtime()}/bin/node`, [`${runtime()}/worker/gateway/main.ts`], {
      uid: user.uid,
      gid: user.gid,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        COLONY_HOME: folder.home,
        OPENAI_BASE_URL: `${model.url}/v1`,
        OPENAI_API_KEY: hostKey,
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: hostKey,
        GEMINI_BASE_URL: model.url,
        GEMINI_API_KEY: hostKey,
      },
    });
    resources.defer(async () => {
      const ended = once(gateway, "exit");
      gateway.kill("SIGTERM");
      await ended;
    });
    const id = `agent-${randomBytes(4).toString("hex")}`;
    const socketPath = await openRunSocket(folder, id);
    resources.defer(() => closeRunSocket(folder, id));
    const spec = smallSpec(id, {
      binds: [{ source: runtime(), target: "/opt/colony" }, ...(await agentBinds(shared, known))],
      forwards: [{ port: 4010, socketPath }],
      limits: {
        memoryBytes: 2048 * mebibyte,
        pids: 512,
        cpus: 2,
        diskBytes: 2048 * mebibyte,
        openFiles: 8192,
      },
    });
    const sandbox = resources.use(await openForTest(folder, spec, {}));
    const owned = resources.move();
    return {
      profile: { ...known, env: { ...known.env, ...offlineEnv(name) } },
      processes: { ...sandbox, workspace, home: "/root" },
      model,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

function runtime(): string {
  const path = process.env.COLONY_RUNTIME;
  if (path === undefined)
    throw new Error("COLONY_RUNTIME is not set: run worker/setup/prepare.mjs");
  return path;
}
