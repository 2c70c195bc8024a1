import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adoptSandbox } from "../../../sandbox/sandbox.ts";
import { readSpares } from "../../../worker/pool/spare-books.ts";
import { readHosts } from "../../../worker/protocol/hosts.ts";
import type { Repository, Task } from "../../../worker/protocol/task.ts";
import { ada, type Installation, openInstallation } from "./installation.ts";
import { makeRepository, type TestRepository } from "./repository.ts";

const host = hostname().split(".")[0] ?? "";
let colony: Installation;
let origin: TestRepository;
let repository: Repository;

beforeAll(async () => {
  colony = await openInstallation();
  origin = makeRepository({ "a.txt": "one\n" });
  const caller = { uid: 0, gid: 0, home: "/root", env: {} };
  repository = { name: "shop", url: origin.path, caller };
});
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  origin?.[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

/** Runs a command line as an agent, to its end. */
async function runs(agent: string): Promise<Task> {
  const { client } = colony;
  const wish = { request: "Try the pool", requester: ada, repository, agent };
  const { id } = await client.createTask({ ...wish, origin: randomUUID() });
  for await (const { event } of client.follow(id, "0", AbortSignal.timeout(120_000))) {
    if (event.type === "run.finished") break;
    if (event.type === "run.failed") throw new Error(event.sentence);
  }
  const task = await client.task(id);
  if (task === undefined) throw new Error("The task is gone.");
  return task;
}

/** The keeper of the sandbox that waits for the next task. */
async function nextSpare(): Promise<{ readonly id: string; readonly keeperPid: number }> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200)) {
    const [id] = [...(await readSpares(colony.client.redis, host)).keys()];
    if (id === undefined) continue;
    await using sandbox = await adoptSandbox(colony.folder, id);
    if (sandbox !== undefined) return { id, keeperPid: sandbox.keeperPid };
  }
  throw new Error("The pool made no spare.");
}

async function keeperOf(id: string): Promise<number | undefined> {
  await using sandbox = await adoptSandbox(colony.folder, id);
  return sandbox?.keeperPid;
}

test("the second task of a repository gets the sandbox that was made meanwhile", {
  timeout: 300_000,
}, async () => {
  await runs("sleep 0");
  const spare = await nextSpare();
  await expect
    .poll(async () => (await readHosts(colony.client.redis))[0], { timeout: 30_000 })
    .toMatchObject({ host, spares: 1, spareBytes: expect.toSatisfy((bytes) => bytes > 1e6) });
  const second = await runs("cat a.txt > b.txt; hostname >> b.txt");
  expect(second.id).toBe(spare.id);
  expect(await keeperOf(second.id)).toBe(spare.keeperPid);
  expect(second.change?.files.map(({ path }) => path)).toEqual(["b.txt"]);
  await colony.client.merge(second.id, ada);
  while ((await colony.client.task(second.id))?.state === "landing") await sleep(100);
  expect(origin.show("b.txt")).toBe(`one\n${second.id}\n`);
});

test("settings that changed meanwhile are the new ones, and the old spare is gone", {
  timeout: 300_000,
}, async () => {
  const spare = await nextSpare();
  origin.push({ ".colony.yml": "limits: { pids: 77 }\n" });
  const task = await runs(
    "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max > limit.txt; true",
  );
  expect(task.id).toBe(spare.id);
  expect(await keeperOf(task.id)).not.toBe(spare.keeperPid);
  await colony.client.merge(task.id, ada);
  while ((await colony.client.task(task.id))?.state === "landing") await sleep(100);
  expect(origin.show("limit.txt")).toContain("77");
});

test("a supervisor that was killed leaves its spares to the next one, which ends them", {
  timeout: 300_000,
}, async () => {
  const spare = await nextSpare();
  colony.kill("supervisor");
  while ((await keeperOf(spare.id)) !== undefined && colony.pids("supervisor").length === 0) {
    await sleep(100);
  }
  const task = await runs("cp a.txt c.txt");
  expect(task.change?.files.map(({ path }) => path)).toContain("c.txt");
});
