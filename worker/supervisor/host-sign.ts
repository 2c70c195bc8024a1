import { readSandboxMemory } from "../../sandbox/sandbox.ts";
import { readSpares } from "../pool/spare-books.ts";
import type { HostSign } from "../protocol/hosts.ts";
import { keys } from "../protocol/keys.ts";
import type { RunContext } from "../runs/run-context.ts";

const lifeMs = 15_000;
const everyMs = 5_000;

/** Shows in Redis that this host is there, and how much it takes. */
export function openHostSign(context: RunContext): AsyncDisposable {
  const { config, redis } = context;
  const key = keys.host(config.host);
  async function show(): Promise<void> {
    const spares = [...(await readSpares(redis, config.host)).keys()];
    const sign: HostSign = {
      host: config.host,
      runsAtOnce: config.drivers * config.driverConcurrency,
      spares: spares.length,
      spareBytes: spares.reduce((sum, id) => sum + readSandboxMemory(config.folder, id), 0),
    };
    await redis.set(key, JSON.stringify(sign), "PX", lifeMs);
  }
  // Redis may be away for a moment; the next sign follows soon.
  const tryToShow = () => void show().catch(() => {});
  const timer = setInterval(tryToShow, everyMs);
  tryToShow();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await redis.del(key).catch(() => {});
    },
  };
}
