import { z } from "zod";
import type { KeeperRecord, KeeperReport } from "./keeper-spec.ts";
import type { KeeperAnswer, KeeperEvent } from "./protocol.ts";

const exit = z.object({
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  outOfMemory: z.boolean(),
  diskFull: z.literal(true).optional(),
});
const processState = z.object({ name: z.string(), size: z.number(), exit: exit.optional() });
const ports = z.array(z.number());

const line = z.union([
  z.object({
    id: z.number(),
    ok: z.literal(true),
    process: processState.nullable().optional(),
    ports: ports.optional(),
  }),
  z.object({ id: z.number(), ok: z.literal(false), reason: z.string() }),
  z.object({ event: z.literal("output"), name: z.string(), size: z.number() }),
  z.object({ event: z.literal("exit"), name: z.string(), exit, size: z.number() }),
  z.object({ event: z.literal("ports"), ports }),
  z.object({ event: z.literal("stopped"), reason: z.enum(["disk-full", "init-died"]) }),
]);

const record = z.object({
  version: z.literal(1),
  keeperPid: z.number(),
  initPid: z.number(),
  uidBase: z.number(),
  epoch: z.number(),
  dialerPath: z.string(),
  notEnforced: z.array(z.string()),
  startedAt: z.string(),
});

const keeperReport = z.union([
  z.object({ ok: z.literal(true), record }),
  z.object({ ok: z.literal(false), step: z.string(), words: z.string() }),
]);

/** Parses one line that a keeper wrote, or throws. */
export function parseKeeperLine(text: string): KeeperAnswer | KeeperEvent {
  return line.parse(JSON.parse(text)) as KeeperAnswer | KeeperEvent;
}

/** Parses the keeper's record, or throws. */
export function parseKeeperRecord(text: string): KeeperRecord {
  return record.parse(JSON.parse(text));
}

/** Parses what a launched keeper says first, or throws. */
export function parseKeeperReport(text: string): KeeperReport {
  return keeperReport.parse(JSON.parse(text));
}
