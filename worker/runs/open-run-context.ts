import type { Logger } from "pino";
import { decideDefaultAgent } from "../agent/profiles.ts";
import type { WorkerConfig } from "../config.ts";
import { Client, openRedis } from "../protocol/client.ts";
import { openQueues } from "../protocol/intents.ts";
import { redisFiles } from "../redis/settings.ts";
import { readAdminSettings } from "../settings/admin-settings.ts";
import type { RunContext } from "./run-context.ts";

/** Connections and settings of one worker process. */
export async function openRunContext(
  config: WorkerConfig,
  environment: Readonly<Record<string, string | undefined>>,
  log: Logger,
): Promise<RunContext & AsyncDisposable & { readonly redisAddress: string }> {
  const redisAddress = config.redisUrl ?? redisFiles(config.folder, "control").socket;
  const admin = await readAdminSettings(config.configFile);
  const redis = openRedis(redisAddress);
  const client = new Client(openRedis(redisAddress));
  const queues = openQueues(openRedis(redisAddress));
  return {
    config,
    admin,
    redis,
    client,
    queues,
    fallbackAgent: decideDefaultAgent(setNames(environment)).name,
    log,
    redisAddress,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([client[Symbol.asyncDispose](), queues[Symbol.asyncDispose]()]);
      redis.disconnect();
    },
  };
}

function setNames(environment: Readonly<Record<string, string | undefined>>): ReadonlySet<string> {
  return new Set(Object.keys(environment).filter((name) => (environment[name] ?? "") !== ""));
}
