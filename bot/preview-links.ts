import { readFileSync } from "node:fs";
import { signPreviewLink } from "../worker/protocol/preview-link.ts";

/**
 * Makes the signed link of a running application; undefined while this host serves none. The key
 * is the supervisor's, which may make it after the bot has started.
 */
export function openPreviewLinks(
  keyFile: string,
  previewPort: number,
): (taskId: string, port: number, path: string) => string | undefined {
  let key: Buffer | undefined;
  return (taskId, port, path) => {
    key ??= readKey(keyFile);
    if (key === undefined) return undefined;
    return signPreviewLink({ key, previewPort, taskId, port, path, nowMs: Date.now() });
  };
}

function readKey(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
