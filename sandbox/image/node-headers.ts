import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Prefix of the image's Node, below which native modules find `include/node`. */
export const insideHeaders = "/usr/local";

/** Headers that came with this Node, if they did; they fit no other. */
export function nodeHeaders(nodePath: string): string | undefined {
  const path = join(dirname(nodePath), "../include/node");
  return existsSync(join(path, "node.h")) ? path : undefined;
}
