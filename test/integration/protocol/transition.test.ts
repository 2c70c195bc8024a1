import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { type Client, openClient } from "../../../worker/protocol/client.ts";
import { keys } from "../../../worker/protocol/keys.ts";
import { Refusal } from "../../../worker/protocol/refusal.ts";
import { commitTransition, StaleTaskError, transact } from "../../../worker/protocol/transition.ts";
import { type EmbeddedRedis, openEmbeddedRedis } from "../../../worker/redis/embedded.ts";
import { aChange, aTask } from "../../worker/a-task.ts";

const ada = { id: "local:ada", name: "Ada" };
const grace = { id: "local:grace", name: "Grace" };
let folder: string;
let redis: EmbeddedRedis;
let client: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "colony-protocol-"));
  redis = await openEmbeddedRedis({ folder: stateFolder(folder), name: "control" });
  client = openClient(redis.address);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const wish = (origin: string) => {
  const { repository } = aTask();
  return {
    request: " fix it ",
    requester: ada,
    repository,
    agent: "scripted",
    origin,
    thread: `local:${origin}`,
  };
};

test("the same delivery twice makes one task, with its events, outbox entries and job", async () => {
  const first = await client.createTask(wish("delivery-1"));
  const second = await client.createTask(wish("delivery-1"));
  expect(second.id).toBe(first.id);
  expect(first.request).toBe("fix it");
  const types = (await client.events(first.id)).map(({ event }) => event.type);
  expect(types).toEqual(["task.created", "task.queued"]);
  const outbox = await client.redis.xrange(keys.outbox, "-", "+");
  expect(outbox.filter(([, fields]) => fields.includes(first.id))).toHaveLength(2);
  expect(await client.redis.hlen(keys.intents)).toBe(0);
  expect(await client.redis.exists(`bull:run:run-${first.id}-0`)).toBe(1);
});

test("an empty and an endless request are refused with a sentence", async () => {
  await expect(client.createTask({ ...wish("d2"), request: "  " })).rejects.toThrow(
    /Say what is to be done/,
  );
  await expect(client.createTask({ ...wish("d3"), request: "x".repeat(100_001) })).rejects.toThrow(
    /100001 characters/,
  );
  const longest = "x".repeat(100_000);
  expect((await client.createTask({ ...wish("d4"), request: longest })).request).toBe(longest);
});

test("a writer that read an older revision is refused", async () => {
  const task = await client.createTask(wish("stale"));
  await transact(client.redis, task.id, (read) => ({ task: { ...read, step: "one" }, events: [] }));
  const late = commitTransition(client.redis, { task: { ...task, step: "two" }, events: [] });
  await expect(late).rejects.toBeInstanceOf(StaleTaskError);
  expect((await client.task(task.id))?.step).toBe("one");
});

test("fifty writers at once lose nothing", async () => {
  const task = await client.createTask(wish("crowd"));
  await Promise.all(
    Array.from({ length: 50 }, () =>
      transact(client.redis, task.id, (read) => ({
        task: { ...read, workedMs: read.workedMs + 1 },
        events: [],
      })),
    ),
  );
  expect((await client.task(task.id))?.workedMs).toBe(50);
});

test("two people press Merge: the first wins, the second is told who", async () => {
  const task = await client.createTask(wish("merge"));
  await transact(client.redis, task.id, (read) => ({
    task: { ...read, state: "review", change: aChange(), host: "alpha" },
    events: [],
  }));
  await expect(client.merge(task.id, ada, "another tree")).rejects.toThrow(
    /have changed since this was shown/,
  );
  const presses = await Promise.allSettled([
    client.merge(task.id, ada, "tree-1"),
    client.merge(task.id, grace, "tree-1"),
  ]);
  expect(presses.filter((press) => press.status === "fulfilled")).toHaveLength(1);
  const refused = presses.find((press) => press.status === "rejected");
  expect(refused?.reason).toBeInstanceOf(Refusal);
  expect(String(refused?.reason)).toMatch(/by (Ada|Grace)/);
  expect(await client.redis.exists(`bull:act-alpha:land-${task.id}-2`)).toBe(1);
});

test("an answer counts once", async () => {
  const task = await client.createTask(wish("permission"));
  const permission = {
    requestId: "g1-1",
    title: "Run it?",
    options: [{ id: "yes", name: "Allow", kind: "allow_once" as const }],
  };
  await transact(client.redis, task.id, (read) => ({
    task: { ...read, state: "waiting", permission },
    events: [],
  }));
  const answer = { requestId: "g1-1", optionId: "yes", by: ada };
  await expect(client.answerPermission(task.id, { ...answer, optionId: "no" })).rejects.toThrow(
    /no such answer/,
  );
  const older = client.answerPermission(task.id, { ...answer, requestId: "g1-0" });
  await expect(older).rejects.toThrow(/no longer asks it/);
  expect((await client.answerPermission(task.id, answer)).state).toBe("queued");
  await expect(client.answerPermission(task.id, answer)).rejects.toThrow(/answered already/);
});
