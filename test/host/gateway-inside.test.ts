import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { LLMock } from "@copilotkit/aimock";
import { expect, test, vi } from "vitest";
import {
  closeRunSocket,
  openRunSocket,
  prepareGatewayFolder,
  readRunAccount,
} from "../../worker/gateway/client.ts";
import { gatewayArgv } from "../../worker/gateway/launch.ts";
import { readColonyUser } from "../../worker/process/system-user.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const key = "sk-stays-on-the-host";

test("a program inside talks to a model, its budget holds, and no key is inside", async () => {
  await using stack = new AsyncDisposableStack();
  const models = new LLMock({ port: 0 });
  const usage = { input_tokens: 40, output_tokens: 2 };
  models.onMessage("hello", { content: "Good day.", usage });
  await models.start();
  stack.defer(() => models.stop());
  const folder = stack.use(makeSandboxHome());
  chmodSync(folder.home, 0o711);
  const user = await readColonyUser();
  await prepareGatewayFolder(folder, user);
  const runtime = process.env.COLONY_RUNTIME ?? "";
  const [program, ...args] = gatewayArgv(user, join(runtime, "bin/node"), runtime);
  const env = {
    PATH: "/usr/bin:/bin",
    COLONY_HOME: folder.home,
    ANTHROPIC_BASE_URL: models.url,
    ANTHROPIC_API_KEY: key,
  };
  const gateway = spawn(program, args, { env, stdio: ["ignore", "inherit", "inherit"] });
  stack.defer(async () => {
    gateway.kill("SIGTERM");
    if (gateway.exitCode === null && gateway.signalCode === null) await once(gateway, "exit");
  });
  const socketPath = await openRunSocket(folder, "model1", { maxTokens: 50 });
  expect(existsSync(socketPath)).toBe(true);
  const forwards = [{ port: 4010, socketPath }];
  const sandbox = stack.use(await openForTest(folder, smallSpec("model1", { forwards }), {}));
  const body = JSON.stringify({
    model: "claude-sonnet-4-5",
    max_tokens: 9,
    stream: true,
    messages: [{ role: "user", content: "hello" }],
  });
  const ask = `curl -sS -i http://127.0.0.1:4010/v1/messages -H 'x-api-key: dummy' -d '${body}'`;
  const first = await shell(sandbox, ask);
  expect(first.text).toContain("200 OK");
  expect(first.text).toContain("message_stop");
  await vi.waitFor(async () => {
    expect(await readRunAccount(folder, "model1")).toMatchObject({ inputTokens: 40 });
  });
  expect((await shell(sandbox, ask)).text).toContain("200 OK");
  await vi.waitFor(async () => {
    expect(await readRunAccount(folder, "model1")).toMatchObject({ inputTokens: 80 });
  });
  expect((await shell(sandbox, ask)).text).toMatch(/402[\s\S]*budget of 50 tokens is used up/);
  const hunt =
    "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; env; grep -rs sk-stays /etc /root /run /tmp /workspace";
  expect((await shell(sandbox, hunt)).text).not.toContain(key);
  await closeRunSocket(folder, "model1");
  const after = await shell(sandbox, `${ask} || echo gone`);
  expect(after.text).toContain("gone");
});
