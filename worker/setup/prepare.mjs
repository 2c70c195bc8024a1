import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError, say } from "./say.mjs";
import { setUp } from "./set-up.mjs";

/** Does the set-up and prints, for a shell to evaluate, what the program is started with. */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const shared = process.env.COLONY_SHARED || "/var/lib/colony/shared";

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

try {
  // Shell scripts, mount options and library paths take no others.
  if (!/^\/[\w./@+-]+$/.test(shared)) {
    throw new SetupError(
      `COLONY_SHARED must be an absolute path of plain letters, not "${shared}"`,
    );
  }
  const { node, runtime } = await setUp(root, shared);
  process.stdout.write(
    `COLONY_SHARED=${quote(shared)}\nCOLONY_RUNTIME=${quote(runtime)}\nCOLONY_NODE=${quote(node)}\n`,
  );
} catch (error) {
  say(error instanceof SetupError ? error.message : `unexpected: ${error.stack}`);
  process.exitCode = 1;
}
