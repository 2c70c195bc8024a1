/** The preview proxy of a host. */
import { join } from "node:path";
import { parseWorkerConfig } from "../config.ts";
import { readPreviewKey } from "./key.ts";
import { openPreviewProxy } from "./proxy.ts";

const { folder, previewPort } = parseWorkerConfig(process.env);
await using _proxy = await openPreviewProxy({
  port: previewPort,
  key: await readPreviewKey(folder),
  dialerPath: (taskId) => join(folder.run, taskId, "dialer.sock"),
});
await new Promise<void>((resolve) => {
  process.once("SIGTERM", () => resolve()).once("SIGINT", () => resolve());
});
