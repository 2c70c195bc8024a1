import { parseArgs } from "node:util";
import { pino } from "pino";
import { parseWorkerConfig } from "./config.ts";
import { openEgressWatch } from "./egress/watch.ts";
import { openPool } from "./pool/pool.ts";
import { takeFileLock } from "./process/file-lock.ts";
import { openRedis } from "./protocol/client.ts";
import { openRunContext } from "./runs/open-run-context.ts";
import { openDiskWatch } from "./supervisor/disk-watch.ts";
import { drainSandboxes } from "./supervisor/drain.ts";
import { openDrivers } from "./supervisor/drivers.ts";
import { openHostSign } from "./supervisor/host-sign.ts";
import { untilIdle } from "./supervisor/idle.ts";
import { openLogShipper } from "./supervisor/log-shipper.ts";
import { supervisorLock } from "./supervisor/paths.ts";
import { openPreviewWatches } from "./supervisor/preview-watches.ts";
import { openReconciler } from "./supervisor/reconciler.ts";
import { openRedisServers } from "./supervisor/redis-servers.ts";
import { openServices } from "./supervisor/services.ts";
import { openSleepers } from "./supervisor/sleepers.ts";
import { endStaleDrivers } from "./supervisor/stale-drivers.ts";
import { openSweeper } from "./supervisor/sweeper.ts";

/*
 * The supervisor: one per host. It starts what a worker consists of, looks after it, and ends it in
 * reverse order. It drives no task itself.
 */
const { values } = parseArgs({ options: { "until-idle": { type: "boolean", default: false } } });
const defaultSleepMs = 10 * 60_000;
const config = parseWorkerConfig(process.env);
const log = pino({ base: { supervisor: process.pid } }, pino.destination(2));

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => ending.abort());
}

const lock = await takeFileLock({
  path: supervisorLock(config.folder),
  kind: "exclusive",
  // A command that looks whether anybody is here holds it for a moment.
  timeoutMs: 2_000,
});
if (lock === undefined) {
  process.stderr.write(
    `A worker already runs on ${config.folder.home}; stop it first, or choose another folder with --home.\n`,
  );
  process.exit(3);
}

{
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await openRedisServers(config, log));
  const context = stack.use(
    await openRunContext({ ...config, redisUrl: redis.control }, process.env, log),
  );
  const bytesRedis = stack.adopt(openRedis(redis.bytes), (connection) => connection.disconnect());
  await endStaleDrivers(context);
  stack.use(await openServices(context, process.env));
  stack.use(openLogShipper(context, bytesRedis));
  stack.defer(() => drainSandboxes(context));
  stack.use(openHostSign(context));
  stack.use(openReconciler(context, config.idleMs));
  stack.use(openSweeper(context));
  stack.use(openDiskWatch(context));
  stack.use(openSleepers(context, context.admin.sleep ?? defaultSleepMs));
  stack.use(openPreviewWatches(context));
  stack.use(openEgressWatch(context));
  // A command that starts a supervisor for itself is over before a spare could serve.
  if (!values["until-idle"]) stack.use(openPool(context));
  stack.use(await openDrivers(context, process.env, redis));
  log.info({ host: config.host, home: config.folder.home }, "worker ready");
  await (values["until-idle"] ? untilIdle(context, ending.signal) : untilAborted(ending.signal));
  log.info("worker ends");
}
lock[Symbol.dispose]();
process.exit(0);

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}
