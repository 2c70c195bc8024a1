import { pino } from "pino";
import { keepWarmKeeper } from "../sandbox/sandbox.ts";
import { openEmulator } from "./agent/terminal/emulator.ts";
import { emulateApart } from "./agent/terminal/render.ts";
import { parseWorkerConfig } from "./config.ts";
import { openJobWorkers } from "./jobs/job-workers.ts";
import { readColonyUser } from "./process/system-user.ts";
import { openRunContext } from "./runs/open-run-context.ts";

/*
 * A driver: takes jobs from the queue and drives tasks. It holds nothing that must survive it, so
 * it may be killed at any moment; whatever it left is adopted by the next one.
 */
const config = parseWorkerConfig(process.env);
const log = pino({ base: { driver: process.pid } }, pino.destination(2));
const ended = Promise.withResolvers<void>();
process.on("SIGTERM", () => ended.resolve());
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
// Its supervisor is gone without a word: a new one brings its own drivers.
process.on("disconnect", () => ended.resolve());

await using context = await openRunContext(config, process.env, log);
// The next sandbox of this driver does not wait for Node to start.
using _warm = keepWarmKeeper(config.folder);
// What terminals show is a sandbox's bytes, and we are root.
using emulator = openEmulator({ ...config, user: await readColonyUser() });
using _apart = emulateApart(emulator);
const workers = openJobWorkers(context, context.redisAddress, process.pid);
await ended.promise;
await workers[Symbol.asyncDispose]();
process.exit(0);
