import { once } from "node:events";
import { join } from "node:path";
import { stateFolder } from "../../sandbox/state-folder.ts";
import { startProcess } from "../process/start-process.ts";
import { redisFiles } from "../redis/settings.ts";
import { StoryError } from "./visitor.ts";

const startTimeoutMs = 120_000;
const stopTimeoutMs = 60_000;

/** `colony up` as a child: Redis, worker, bot and chat page. Disposing ends all of it, in order. */
export interface Everything extends AsyncDisposable {
  /** Address of its control Redis. */
  readonly redis: string;
}

export async function startEverything(options: {
  readonly home: string;
  readonly port: number;
  readonly previewPort: number;
  /** What the demo itself was given: keys, proxies, where shared things are. */
  readonly environment: Readonly<Record<string, string>>;
}): Promise<Everything> {
  const cli = join(import.meta.dirname, "..", "cli", "main.ts");
  const child = await startProcess({
    argv: [process.execPath, cli, "up", "--home", options.home, "--quiet"],
    env: {
      ...options.environment,
      PORT: String(options.port),
      COLONY_PREVIEW_PORT: String(options.previewPort),
    },
    // Ctrl-C on the terminal is ours alone to hear: we end the child in order.
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await gone;
    clearTimeout(timer);
  };
  try {
    await untilAnswering(`http://127.0.0.1:${options.port}/`, () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    redis: redisFiles(stateFolder(options.home), "control").socket,
    [Symbol.asyncDispose]: stop,
  };
}

async function untilAnswering(url: string, hasEnded: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + startTimeoutMs;
  while (Date.now() < deadlineMs) {
    if (hasEnded()) throw new StoryError("Colony ended at its start; its words are above.");
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new StoryError(`The chat page at ${url} did not answer in time.`);
}
