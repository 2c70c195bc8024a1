import { existsSync } from "node:fs";
import { join } from "node:path";

/** The copy of our code that everybody may read has a Node of its own; ours may lie below /root. */
export function readableNode(codeRoot: string): string {
  const own = join(codeRoot, "bin", "node");
  return existsSync(own) ? own : process.execPath;
}
