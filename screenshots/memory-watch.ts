import type { WarmBrowser } from "./browser.ts";
import { decideMemory, type MemoryLimits, readMemory } from "./memory.ts";

const CHECK_MS = 250;
/** Of the looks while nothing is captured, one in so many is taken. */
const IDLE_SHARE = 20;

/** Looks at the browser's memory, often while pictures are taken, and acts on what it sees. */
export function watchMemory(
  warm: WarmBrowser,
  limits: MemoryLimits,
  log: (line: string) => void,
): Disposable {
  let looking = false;
  let ticks = 0;
  const look = async () => {
    const decision = decideMemory(await readMemory(), limits);
    if (decision.kind === "kill-process") {
      log(`process ${decision.pid} of the browser killed: ${megabytes(decision.bytes)}`);
      kill(decision.pid);
    }
    if (decision.kind === "retire") warm.retire(`it has grown to ${megabytes(decision.bytes)}`);
  };
  const timer = setInterval(() => {
    if (looking || (!warm.busy() && ticks++ % IDLE_SHARE !== 0)) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, CHECK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
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
