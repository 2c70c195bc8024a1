import { readFileSync } from "node:fs";
import { signPreviewLink } from "../worker/protocol/preview-link.ts";

/**
 * Makes the signed link to a running application. The key belongs to the host's preview proxy and
 * is read anew each time; undefined while there is none.
 */
export function openPreviewLinks(
  keyFile: string,
  previewPort: number,
): (taskId: string, port: number, path: string) => string | undefined {
  return (taskId, port, path) => {
    const key = readKey(keyFile);
    if (key === undefined) return undefined;
    return signPreviewLink({ key, previewPort, taskId, port, path, nowMs: Date.now() });
  };
}

function readKey(keyFile: string): Buffer | undefined {
  try {
    return readFileSync(keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
