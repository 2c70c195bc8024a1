import { readFileSync } from "node:fs";
import { parseKeeperRecord } from "./keeper/answers.ts";
import type { KeeperRecord } from "./keeper/keeper-spec.ts";
import type { SandboxPaths } from "./keeper-paths.ts";

/** What the last keeper wrote down; it may be dead by now. */
export function readKeeperRecord(paths: SandboxPaths): KeeperRecord | undefined {
  try {
    return parseKeeperRecord(readFileSync(paths.keeperRecord, "utf8"));
  } catch {
    return undefined;
  }
}
