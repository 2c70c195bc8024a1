/** The model gateway of a host: the one process that holds the keys of models. */
import { join } from "node:path";
import { parseGatewayConfig } from "./config.ts";
import { openControl } from "./control.ts";
import { openAgents } from "./forward.ts";
import { Runs } from "./runs.ts";

const config = parseGatewayConfig(process.env);
await using stack = new AsyncDisposableStack();
const runs = stack.use(new Runs(config, openAgents(process.env)));
await runs.restore();
stack.use(await openControl(join(config.folder, "control.sock"), runs));
await new Promise<void>((resolve) => {
  process.once("SIGTERM", () => resolve()).once("SIGINT", () => resolve());
});
