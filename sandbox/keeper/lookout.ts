import { readCpuUsage } from "../cgroups/cgroup.ts";
import type { CgroupLayout } from "../cgroups/layout.ts";

const intervalMs = 250;
/** What no processor time tells of (the init was killed from outside) is seen this often. */
const restlessEvery = 20;

/**
 * Calls `look` four times a second with a running number, but only when the sandbox has used
 * processor time: without it nothing was written, and nobody began to listen. An idle sandbox costs
 * one small read. Each movement is followed by two looks, so that what looks at even numbers only
 * sees its outcome.
 */
export function openLookout(
  layout: CgroupLayout,
  group: string,
  look: (count: number) => void,
): Disposable {
  let lastUsage = "";
  let still = 0;
  let count = 0;
  const timer = setInterval(() => {
    const usage = readCpuUsage(layout, group);
    still = usage !== undefined && usage === lastUsage ? still + 1 : 0;
    lastUsage = usage ?? "";
    if (still <= 1 || still % restlessEvery < 2) look(count++);
  }, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
