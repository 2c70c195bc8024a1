import { sweepLeftovers } from "../../sandbox/sandbox.ts";
import type { RunContext } from "../runs/run-context.ts";
import { ownersIn } from "./owners.ts";

const everyMs = 10 * 60_000;

/** Removes what dead processes left on this host: at once, for there may have been a crash, then now and then. */
export function openSweeper(context: RunContext): AsyncDisposable {
  const ending = new AbortController();
  const loop = (async () => {
    while (!ending.signal.aborted) {
      await sweep(context).catch((error: unknown) => {
        context.log.warn({ err: error }, "sweeping");
      });
      await pause(ending.signal);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await loop;
    },
  };
}

async function sweep({ config, redis, log }: RunContext): Promise<void> {
  const { found, ended, bytesReturned, failures } = await sweepLeftovers(config.folder, {
    ownerOf: ownersIn(redis, config.host),
  });
  for (const { kind, name, why } of found) log.info({ kind, name, why }, "leftover removed");
  for (const failure of failures) log.warn({ failure }, "leftover that stays");
  for (const { id, receipt } of ended) {
    if (receipt.processes + receipt.mounts + receipt.cgroups > 0)
      log.warn({ id, receipt }, "a sandbox did not end whole");
  }
  if (bytesReturned > 0) log.info({ bytesReturned }, "swept");
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, everyMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
