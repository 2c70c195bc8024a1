import type { WarmBrowser } from "./browser.ts";
import { decideMemory, type MemoryLimits, readMemory } from "./memory.ts";

const CHECK_MS = 250;
const IDLE_CHECK_MS = 5_000;

/** Looks at the browser's memory, often while pictures are taken, and acts on what it sees. */
export function watchMemory(
  warm: WarmBrowser,
  limits: MemoryLimits,
  log: (line: string) => void,
): AsyncDisposable {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const check = async () => {
    const decision = decideMemory(await readMemory(), limits);
    if (decision.kind === "kill-process") {
      log(`process ${decision.pid} of the browser killed: ${megabytes(decision.bytes)}`);
      kill(decision.pid);
    }
    if (decision.kind === "retire") warm.retire(`it has grown to ${megabytes(decision.bytes)}`);
    if (!ended) timer = setTimeout(check, warm.busy() ? CHECK_MS : IDLE_CHECK_MS);
  };
  timer = setTimeout(check, CHECK_MS);
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      clearTimeout(timer);
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
