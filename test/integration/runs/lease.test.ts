import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { type Client, openClient } from "../../../worker/protocol/client.ts";
import { openQueues, type Queues } from "../../../worker/protocol/intents.ts";
import { type EmbeddedRedis, openEmbeddedRedis } from "../../../worker/redis/embedded.ts";
import { claimTask, type Lease, LeaseLostError } from "../../../worker/runs/lease.ts";
import { aTask } from "../../worker/a-task.ts";

let folder: string;
let redis: EmbeddedRedis;
let client: Client;
let queues: Queues;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "colony-lease-"));
  redis = await openEmbeddedRedis({ folder: stateFolder(folder), name: "control" });
  client = openClient(redis.address);
  queues = openQueues(client.redis);
});
afterAll(async () => {
  await queues[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function aQueuedTask(origin: string) {
  const { requester, repository } = aTask();
  return client.createTask({ request: "fix it", requester, repository, agent: "scripted", origin });
}

/** A driver of host alpha to which BullMQ has given the job under `token`. */
async function driver(taskId: string, token: string): Promise<Lease> {
  const lockKey = `bull:run:run-${taskId}-0:lock`;
  await client.redis.set(lockKey, token);
  const outcome = await claimTask(client.redis, queues, { taskId, host: "alpha", lockKey, token });
  if (outcome.kind !== "lease") throw new Error(JSON.stringify(outcome));
  return outcome.lease;
}

test("a driver that was thought dead can write nothing once another has adopted its task", async () => {
  const task = await aQueuedTask("fence");
  await using zombie = await driver(task.id, "token-1");
  await using heir = await driver(task.id, "token-2");
  expect(heir.epoch).toBe(zombie.epoch + 1);
  const late = zombie.transact((read) => ({
    task: { ...read, step: "from the dead" },
    events: [],
  }));
  await expect(late).rejects.toBeInstanceOf(LeaseLostError);
  await heir.transact((read) => ({ task: { ...read, step: "from the living" }, events: [] }));
  expect((await client.task(task.id))?.step).toBe("from the living");
});

test("a job whose lock went elsewhere claims nothing", async () => {
  const task = await aQueuedTask("lock");
  const lockKey = `bull:run:run-${task.id}-0:lock`;
  await client.redis.set(lockKey, "somebody else's");
  const outcome = await claimTask(client.redis, queues, {
    taskId: task.id,
    host: "alpha",
    lockKey,
    token: "mine",
  });
  expect(outcome.kind).toBe("skip");
  expect((await client.task(task.id))?.state).toBe("queued");
});

test("a driver hears of a stop at once, not at its next look", async () => {
  const task = await aQueuedTask("wake");
  await using lease = await driver(task.id, "token-1");
  const waiting = new AbortController();
  const changed = lease.changed(waiting.signal).then(() => "changed");
  await client.stop(task.id, { id: "local:ada", name: "Ada" });
  expect(await changed).toBe("changed");
  expect((await lease.transact(() => undefined)).stopAsked?.name).toBe("Ada");
});
