import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keys } from "../../../worker/protocol/keys.ts";
import { type Installation, openInstallation } from "./installation.ts";
import { PlayedWorker } from "./played-worker.ts";
import { Visitor, wordsOf } from "./visitor.ts";

let installation: Installation;
beforeAll(async () => {
  installation = await openInstallation();
});
afterAll(() => installation?.[Symbol.asyncDispose]());

async function send(task: string, name: string, offset: number, bytes: Buffer): Promise<void> {
  await installation.client.redis.xadd(
    keys.logStream,
    "*",
    ...["task", task, "name", name, "offset", String(offset), "bytes"],
    bytes,
  );
}

/** Ships as the worker does: from what is acknowledged, again and again. */
async function ship(task: string, name: string, all: Buffer): Promise<void> {
  for (;;) {
    const acked = Number((await installation.client.redis.get(keys.logAck(task, name))) ?? 0);
    if (acked >= all.length) return;
    const end = Math.min(all.length, acked + 40_000);
    for (let at = acked; at < end; at += 8_000)
      await send(task, name, at, all.subarray(at, Math.min(end, at + 8_000)));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

test("bytes arrive once and at their place, also when sent twice and through kills", async () => {
  const all = Buffer.from(
    Array.from({ length: 1_500_000 }, (_, at) => (at * 31 + (at >> 8) * 7) % 256),
  );
  let bot = await installation.startBot();
  const shipped = ship("k3f9ab", "agent-1", all);
  await send("k3f9ab", "agent-1", 700_000, Buffer.from("too early"));
  await send("k3f9ab", "../../evil", 0, Buffer.from("outside"));
  for (let at = 0; at < 4; at++) {
    await new Promise((resolve) => setTimeout(resolve, 350));
    await bot.kill();
    bot = await installation.startBot();
  }
  await shipped;
  // Sent again from another place: only what is new of it counts.
  for (const [from, to] of [
    [0, 1_000],
    [600, 1_700],
    [900, 2_500],
  ] as const) {
    await send("k3f9ab", "agent-2", from, all.subarray(from, to));
  }
  await ship("k3f9ab", "agent-2", all.subarray(0, 2_500));
  const overlapping = await readFile(join(installation.home, "logs", "k3f9ab", "agent-2.log"));
  expect(overlapping.equals(all.subarray(0, 2_500))).toBe(true);
  const file = join(installation.home, "logs", "k3f9ab", "agent-1.log");
  expect((await readFile(file)).equals(all)).toBe(true);
  await expect(readFile(join(installation.home, "evil.log"))).rejects.toThrow();
  await bot[Symbol.asyncDispose]();
});

test("`logs` shows the lines of a terminal, without its codes and spinner frames", async () => {
  const bot = await installation.startBot();
  const ada = new Visitor(bot.address, await installation.signIn(bot));
  await ada.says(`/colony use ${installation.shop}`);
  await ada.sees("now works on");
  const root = await ada.says("/colony run something");
  await ada.sees("Repository", root);
  const [task] = await installation.client.tasks();
  const id = task?.id ?? "";
  await new PlayedWorker(installation.client).start(id);
  const frames = Array.from(
    { length: 200 },
    (_, at) => `\r\u001b[2K\u001b[36m${at % 4} installing\u001b[0m`,
  );
  const bytes = Buffer.from(`$ npm ci\r\n${frames.join("")}\r\u001b[2Kadded 12 packages\r\n`);
  await ship(id, "agent-1", bytes);
  await ada.says("logs", root);
  const shown = await ada.sees("added 12 packages", root);
  const excerpt = shown.post?.blocks.find((block) => block.kind === "excerpt");
  expect(excerpt).toMatchObject({ text: "$ npm ci\nadded 12 packages" });
  const whole = shown.post?.blocks.find((block) => block.kind === "file");
  const served = await ada.ask(`/artifact/${whole?.kind === "file" ? whole.artifact.id : ""}`);
  expect(Buffer.from(await served.arrayBuffer()).equals(bytes)).toBe(true);
  expect(wordsOf(shown)).not.toContain("installing");
});

test("of an agent that speaks in messages, `logs` shows what it said and ran", async () => {
  const bot = await installation.startBot();
  const ada = new Visitor(bot.address, await installation.signIn(bot));
  const root = await ada.says("/colony run speak");
  await ada.sees("Repository", root);
  const [task] = await installation.client.tasks();
  const id = task?.id ?? "";
  const worker = new PlayedWorker(installation.client);
  await worker.start(id);
  await ship(id, "agent-1", Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}\n'));
  await worker.say(id, "I look first.");
  await worker.tool(id, "npm test", "1 failing", "failed");
  await ada.says("logs", root);
  const shown = await ada.sees("last 5 lines", root);
  const excerpt = shown.post?.blocks.find((block) => block.kind === "excerpt");
  expect(excerpt).toMatchObject({ text: "I look first.\n\n$ npm test\n1 failing\nfailed" });
});
