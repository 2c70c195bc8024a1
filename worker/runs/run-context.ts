import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { WorkerConfig } from "../config.ts";
import type { Client } from "../protocol/client.ts";
import type { Queues } from "../protocol/intents.ts";
import type { AdminSettings } from "../settings/admin-settings.ts";

/** What every job of a driver has at hand. */
export interface RunContext {
  readonly config: WorkerConfig;
  readonly admin: AdminSettings;
  readonly redis: Redis;
  readonly client: Client;
  readonly queues: Queues;
  /** Agent of tasks for which neither person nor settings name one. */
  readonly fallbackAgent: string;
  readonly log: Logger;
}
