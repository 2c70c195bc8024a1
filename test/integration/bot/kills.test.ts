import { afterEach, beforeEach, expect, test } from "vitest";
import { localKeys } from "../../../bot/local/keys.ts";
import { keys } from "../../../worker/protocol/keys.ts";
import type { Task } from "../../../worker/protocol/task.ts";
import { type Installation, openInstallation } from "./installation.ts";
import { PlayedWorker } from "./played-worker.ts";
import { Visitor, wordsOf } from "./visitor.ts";

let installation: Installation;
let worker: PlayedWorker;
beforeEach(async () => {
  installation = await openInstallation();
  worker = new PlayedWorker(installation.client);
});
afterEach(() => installation?.[Symbol.asyncDispose]());

const tasks = 4;
const remarks = 50;
const kills = 8;

/** A small generator with a seed, so that a failing order can be had again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

test("killed at random moments while 200 posts flow, the bot says each once and in order", async () => {
  const random = seeded(20_261_124);
  let bot = await installation.startBot();
  const cookie = await installation.signIn(bot);
  const first = new Visitor(bot.address, cookie);
  await first.says(`/colony use ${installation.shop}`);
  await first.sees("now works on");
  const threads: { root: string; task: Task }[] = [];
  for (let at = 0; at < tasks; at++) {
    const root = await first.says(`/colony run task ${at}`);
    await first.sees("Repository", root);
    const task = await installation.client.taskOfThread(`local:general:${root}`);
    if (task !== undefined) threads.push({ root, task });
  }
  for (const { task } of threads) await worker.start(task.id);

  const flowing = Promise.all(
    threads.map(async ({ task }) => {
      for (let at = 0; at < remarks; at++) {
        await worker.remark(task.id, `remark ${at}.`);
        await worker.step(task.id, `step ${at}`);
        await new Promise((resolve) => setTimeout(resolve, random() * 200));
      }
      await worker.finish(task.id, "All said.");
    }),
  );
  for (let at = 0; at < kills; at++) {
    await new Promise((resolve) => setTimeout(resolve, 200 + random() * 900));
    await bot.kill();
    bot = await installation.startBot();
  }
  await flowing;
  await worker.untilTold();

  const last = new Visitor(bot.address, await installation.signIn(bot));
  for (const { root } of threads) {
    const said = (await last.messages(root)).map(wordsOf);
    const heard = said.flatMap((words) => /remark (\d+)\./.exec(words)?.[1] ?? []);
    expect(heard).toEqual([...Array(remarks).keys()].map(String));
    const cards = said.flatMap((words, at) => (words.includes("All said.") ? [at] : []));
    const lines = said.flatMap((words, at) => (words.includes("Answered; no file") ? [at] : []));
    expect(cards).toEqual([0]);
    expect(lines).toEqual([said.length - 1]);
  }
  expect(await installation.client.redis.xlen(keys.outbox)).toBe(0);
});

test("what people say while the bot is killed is done once", async () => {
  let bot = await installation.startBot();
  const visitor = new Visitor(bot.address, await installation.signIn(bot));
  await visitor.says(`/colony use ${installation.shop}`);
  await visitor.sees("now works on");
  const root = await visitor.says("/colony run something");
  await visitor.sees("Repository", root);
  const [task] = await installation.client.tasks();
  await worker.start(task?.id ?? "");
  for (let at = 0; at < 6; at++) {
    const here = new Visitor(bot.address, await installation.signIn(bot));
    const origin = `reply-${at}-${"x".repeat(10)}`;
    await here.says(`reply ${at}`, root, origin);
    // The page sends again what it has no answer to.
    await here.says(`reply ${at}`, root, origin);
    await new Promise((resolve) => setTimeout(resolve, at * 3));
    await bot.kill();
    bot = await installation.startBot();
  }
  await untilEmpty(installation, localKeys.inbox);
  const steered = await installation.client.task(task?.id ?? "");
  expect(steered?.prompts.map((prompt) => prompt.text)).toEqual(
    [...Array(6).keys()].map((at) => `reply ${at}`),
  );
});

test("a card is edited at most once in 3 s, and ends as the last state", async () => {
  const bot = await installation.startBot();
  const visitor = new Visitor(bot.address, await installation.signIn(bot));
  await visitor.says(`/colony use ${installation.shop}`);
  await visitor.sees("now works on");
  const root = await visitor.says("/colony run something long");
  const card = await visitor.sees("Repository", root);
  const [task] = await installation.client.tasks();
  const id = task?.id ?? "";
  await worker.start(id);
  for (let at = 0; at < 80; at++) {
    await worker.step(id, `step number ${at}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await visitor.sees("step number 79", root);
  const feed = await installation.client.redis.xrange(localKeys.feed, "-", "+");
  const times = feed
    .filter(([, fields]) => fields[1] === card.id)
    .map(([entry]) => Number(entry.split("-")[0]));
  expect(times.length).toBeGreaterThan(2);
  const pauses = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThan(2_900);
});

test("Redis away: the bot stays, says so, and catches up when it is back", async () => {
  const bot = await installation.startBot();
  const visitor = new Visitor(bot.address, await installation.signIn(bot));
  await visitor.says(`/colony use ${installation.shop}`);
  await visitor.sees("now works on");
  const root = await visitor.says("/colony run something");
  await visitor.sees("Repository", root);
  const [task] = await installation.client.tasks();
  const startAgain = await installation.stopRedis();
  const refused = await visitor.ask("/api/messages", {
    channel: "general",
    root,
    text: "are you there",
    origin: "away-origin-1",
  });
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("store is away");
  await startAgain();
  await worker.start(task?.id ?? "");
  await worker.remark(task?.id ?? "", "Back again.");
  await visitor.sees("Back again.", root);
  await visitor.says("are you there", root, "away-origin-1");
  await untilEmpty(installation, localKeys.inbox);
  const prompts = (await installation.client.task(task?.id ?? ""))?.prompts ?? [];
  expect(prompts.filter((prompt) => prompt.text === "are you there")).toHaveLength(1);
  expect(bot.process.exitCode).toBeNull();
});

test("told to end while Redis is away, the bot ends", async () => {
  const bot = await installation.startBot();
  const visitor = new Visitor(bot.address, await installation.signIn(bot));
  await visitor.sees("Welcome");
  const startAgain = await installation.stopRedis();
  await bot[Symbol.asyncDispose]();
  expect(bot.process.exitCode).toBe(0);
  await startAgain();
});

async function untilEmpty(here: Installation, stream: string): Promise<void> {
  while ((await here.client.redis.xlen(stream)) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
