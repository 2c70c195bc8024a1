import { readCpuUsage } from "../cgroups/cgroup.ts";
import type { CgroupLayout } from "../cgroups/layout.ts";

const intervalMs = 250;
/** What no processor time tells of (the init was killed from outside) is seen this often. */
const restlessEvery = 20;

/**
 * Calls `look` four times a second, but only when the sandbox has used processor time since the
 * last one: without it nothing was written, and nobody began to listen. An idle sandbox costs one
 * small read.
 */
export function openLookout(layout: CgroupLayout, group: string, look: () => void): Disposable {
  let lastUsage = "";
  let idleLooks = 0;
  const timer = setInterval(() => {
    const usage = readCpuUsage(layout, group);
    const isIdle = usage !== undefined && usage === lastUsage && idleLooks < restlessEvery;
    lastUsage = usage ?? "";
    idleLooks = isIdle ? idleLooks + 1 : 0;
    if (!isIdle) look();
  }, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
