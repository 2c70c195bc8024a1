import { type Job as BullJob, DelayedError, Worker } from "bullmq";
import { driveLanding } from "../landing/land.ts";
import { openRedis } from "../protocol/client.ts";
import { jobSchema, queueName } from "../protocol/jobs.ts";
import { keys } from "../protocol/keys.ts";
import { type ClaimOutcome, claimLanding, claimTask, LeaseLostError } from "../runs/lease.ts";
import { driveRun } from "../runs/run.ts";
import type { RunContext } from "../runs/run-context.ts";
import { workerSettings } from "./bullmq-settings.ts";
import { closeTask } from "./close.ts";

/**
 * BullMQ workers of one driver process. Disposing waits for nothing: what is under way is adopted
 * by the next driver.
 */
export function openJobWorkers(
  context: RunContext,
  redisAddress: string,
  pid: number,
): AsyncDisposable {
  const { host, driverConcurrency } = context.config;
  const queues: readonly [name: string, concurrency: number][] = [
    [queueName("run", undefined), driverConcurrency],
    [queueName("run", host), driverConcurrency],
    [queueName("close", host), 4],
  ];
  const workers = queues.map(([name, concurrency]) => {
    const worker = new Worker(name, (job, token) => process(context, pid, job, token ?? ""), {
      ...workerSettings,
      connection: openRedis(redisAddress),
      concurrency,
    });
    worker.on("error", (error) => context.log.warn({ err: error, queue: name }, "job queue"));
    return worker;
  });
  return {
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(workers.map((worker) => worker.close(true)));
    },
  };
}

async function process(
  context: RunContext,
  pid: number,
  bullJob: BullJob,
  token: string,
): Promise<void> {
  const parsed = jobSchema.safeParse(bullJob.data);
  if (!parsed.success) {
    // It would be as wrong at every retry.
    context.log.error({ job: bullJob.id, err: parsed.error }, "job payload refused");
    return;
  }
  const { kind, taskId } = parsed.data;
  await using _ = await noteJob(context, pid, bullJob, token);
  if (kind === "close") return closeTask(context, taskId);
  const lockKey = `bull:${bullJob.queueName}:${bullJob.id}:lock`;
  const claim = { taskId, host: context.config.host, lockKey, token };
  const outcome =
    kind === "run"
      ? await claimTask(context.redis, context.queues, claim)
      : await claimLanding(context.redis, context.queues, claim);
  await drive(context, kind, outcome, bullJob, token);
}

async function drive(
  context: RunContext,
  kind: "run" | "land",
  outcome: ClaimOutcome,
  bullJob: BullJob,
  token: string,
) {
  if (outcome.kind === "skip") {
    context.log.info({ job: bullJob.id, why: outcome.why }, "job skipped");
    return;
  }
  if (outcome.kind === "later") {
    await bullJob.moveToDelayed(Date.now() + outcome.afterMs, token);
    throw new DelayedError();
  }
  await using lease = outcome.lease;
  try {
    await (kind === "run" ? driveRun(context, lease) : driveLanding(context, lease));
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    context.log.info(
      { task: lease.taskId, epoch: lease.epoch },
      "lease lost; another driver has it",
    );
  }
}

/** Writes down which job this process holds, so that the supervisor can free it when it dies. */
async function noteJob(
  context: RunContext,
  pid: number,
  job: BullJob,
  token: string,
): Promise<AsyncDisposable> {
  const key = keys.driver(pid, context.config.host);
  const field = `${job.queueName}/${job.id}`;
  await context.redis.hset(key, field, token);
  return {
    async [Symbol.asyncDispose]() {
      await context.redis.hdel(key, field).catch(() => {});
    },
  };
}
