import { keys } from "../protocol/keys.ts";
import type { RunContext } from "../runs/run-context.ts";

const lifeMs = 15_000;
const everyMs = 5_000;

/** Shows in Redis that this host is there, and how much it takes. */
export function openHostSign(context: RunContext): AsyncDisposable {
  const { config, redis } = context;
  const key = keys.host(config.host);
  const sign = JSON.stringify({
    host: config.host,
    runsAtOnce: config.drivers * config.driverConcurrency,
  });
  const show = () => redis.set(key, sign, "PX", lifeMs).catch(() => {});
  const timer = setInterval(show, everyMs);
  void show();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await redis.del(key).catch(() => {});
    },
  };
}
