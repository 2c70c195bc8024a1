import type { WorkerOptions } from "bullmq";

/**
 * Found by breaking it: with the default of one stall BullMQ gives a job up at its driver's second
 * crash, and checks for stalls only every 30 s.
 */
export const workerSettings = {
  maxStalledCount: 1_000_000,
  lockDuration: 30_000,
  stalledInterval: 5_000,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
} satisfies Partial<WorkerOptions>;
