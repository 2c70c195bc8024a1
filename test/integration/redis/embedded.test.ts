import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type StateFolder, stateFolder } from "../../../sandbox/state-folder.ts";
import {
  openEmbeddedRedis,
  readServerPid,
  stopEmbeddedRedis,
} from "../../../worker/redis/embedded.ts";
import { keepEmbeddedRedis } from "../../../worker/redis/keep.ts";
import { redisFiles } from "../../../worker/redis/settings.ts";

let folder: StateFolder;

beforeEach(async () => {
  folder = stateFolder(await mkdtemp("/tmp/colony-redis-"));
});

afterEach(async () => {
  for (const name of ["control", "bytes"] as const) await stopEmbeddedRedis({ folder, name });
  await rm(folder.home, { recursive: true });
});

const control = () => redisFiles(folder, "control");

async function ask<T>(address: string, act: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(address, { maxRetriesPerRequest: 1, retryStrategy: () => null });
  redis.on("error", () => undefined);
  try {
    return await act(redis);
  } finally {
    redis.disconnect();
  }
}

const setting = (redis: Redis, name: string) =>
  redis.config("GET", name).then((answer) => (answer as string[])[1]);

test("ten openers at once get one server", async () => {
  const opened = await Promise.all(
    Array.from({ length: 10 }, () => openEmbeddedRedis({ folder, name: "control" })),
  );
  expect(opened.filter((redis) => !redis.adopted)).toHaveLength(1);
  const pids = await Promise.all(
    opened.map((redis) =>
      ask(
        redis.address,
        async (client) => /process_id:(\d+)/.exec(await client.info("server"))![1],
      ),
    ),
  );
  expect(new Set(pids).size).toBe(1);
});

test("control syncs each write and evicts nothing, bytes has no log and a bound", async () => {
  const opened = await openEmbeddedRedis({ folder, name: "control" });
  await ask(opened.address, async (redis) => {
    expect(await setting(redis, "appendonly")).toBe("yes");
    expect(await setting(redis, "appendfsync")).toBe("always");
    expect(await setting(redis, "maxmemory-policy")).toBe("noeviction");
    expect(await setting(redis, "port")).toBe("0");
  });
  const bytes = await openEmbeddedRedis({ folder, name: "bytes" });
  await ask(bytes.address, async (redis) => {
    expect(await setting(redis, "appendonly")).toBe("no");
    expect(Number(await setting(redis, "maxmemory"))).toBeGreaterThan(0);
  });
});

test.runIf(process.getuid?.() === 0)("runs as colony; nobody else reaches the socket", async () => {
  const { address } = await openEmbeddedRedis({ folder, name: "control" });
  const pid = await readServerPid(control());
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const uid = Number(/^Uid:\s+(\d+)/m.exec(status)![1]);
  expect(uid).not.toBe(0);
  expect(/^Groups:[ \t]*(.*)$/m.exec(status)![1]!.trim()).toMatch(/^\d*$/);
  const socket = await stat(address);
  expect([socket.uid, socket.mode & 0o777]).toEqual([uid, 0o700]);
  expect((await stat(folder.redis)).mode & 0o777).toBe(0o700);
});

test("what was acknowledged survives SIGKILL, stale socket and pid file", async () => {
  const first = await openEmbeddedRedis({ folder, name: "control" });
  await ask(first.address, (redis) => redis.set("kept", "yes"));
  const pid = (await readServerPid(control()))!;
  process.kill(pid, "SIGKILL");
  // The pid file now names a process that is somebody else's.
  await writeFile(control().pid, `${process.pid}\n`);
  expect(await readServerPid(control())).toBeUndefined();
  const second = await openEmbeddedRedis({ folder, name: "control" });
  expect(second.adopted).toBe(false);
  expect(await ask(second.address, (redis) => redis.get("kept"))).toBe("yes");
});

test("half a command at the end of the log is cut", async () => {
  const first = await openEmbeddedRedis({ folder, name: "control" });
  await ask(first.address, (redis) => redis.set("kept", "yes"));
  await stopEmbeddedRedis({ folder, name: "control" });
  await appendToLog("*3\r\n$3\r\nSET\r\n$4\r\nlo");
  const second = await openEmbeddedRedis({ folder, name: "control" });
  expect(second.repair).toBeUndefined();
  expect(await ask(second.address, (redis) => redis.get("kept"))).toBe("yes");
});

test("zeros at the end of the log are cut, told, and a copy is kept", async () => {
  const first = await openEmbeddedRedis({ folder, name: "control" });
  await ask(first.address, (redis) => redis.set("kept", "yes"));
  await stopEmbeddedRedis({ folder, name: "control" });
  await appendToLog(Buffer.alloc(4096));
  const second = await openEmbeddedRedis({ folder, name: "control" });
  expect(second.repair?.sentence).toContain("power cut");
  expect(await readdir(second.repair!.copy)).toContain("control.aof.manifest");
  expect(await ask(second.address, (redis) => redis.get("kept"))).toBe("yes");
});

test("a server that cannot start says why", async () => {
  const first = await openEmbeddedRedis({ folder, name: "control" });
  await ask(first.address, (redis) => redis.set("kept", "yes"));
  await stopEmbeddedRedis({ folder, name: "control" });
  await writeFile(control().aofManifest, "nonsense\n");
  await expect(openEmbeddedRedis({ folder, name: "control" })).rejects.toThrow(/manifest/i);
});

test("a killed server is started again by its keeper", async () => {
  const first = await openEmbeddedRedis({ folder, name: "control" });
  const restarted = Promise.withResolvers<string>();
  await using _keeper = keepEmbeddedRedis({
    folder,
    name: "control",
    onRestart: (redis) => restarted.resolve(redis.address),
    onError: restarted.reject,
  });
  const pid = (await readServerPid(control()))!;
  process.kill(pid, "SIGKILL");
  expect(await restarted.promise).toBe(first.address);
  expect(await readServerPid(control())).not.toBe(pid);
});

test("stopping frees the files and may be done twice", async () => {
  await openEmbeddedRedis({ folder, name: "control" });
  const pid = (await readServerPid(control()))!;
  await stopEmbeddedRedis({ folder, name: "control" });
  await stopEmbeddedRedis({ folder, name: "control" });
  expect(await stat(`/proc/${pid}`).catch(() => undefined)).toBeUndefined();
  expect(await readdir(folder.redis)).not.toContain("control.sock");
});

test("a path that no socket can have is refused with a sentence", async () => {
  const long = stateFolder(join(folder.home, "x".repeat(120)));
  await expect(openEmbeddedRedis({ folder: long, name: "control" })).rejects.toThrow(/--home/);
});

async function appendToLog(bytes: string | Buffer): Promise<void> {
  const dir = join(folder.redis, "control-aof");
  const name = (await readdir(dir)).find((file) => file.endsWith(".incr.aof"))!;
  await using file = await open(join(dir, name), "a");
  await file.write(bytes as Buffer);
}
