import { adoptSandbox, egressChangedMs, readEgressState } from "../../sandbox/sandbox.ts";
import { readAlways, rememberAlways } from "../protocol/egress-always.ts";
import { keys, wakeChannel } from "../protocol/keys.ts";
import type { Task } from "../protocol/task.ts";
import { readTask, transact } from "../protocol/transition.ts";
import type { RunContext } from "../runs/run-context.ts";
import { decideRules } from "./rules.ts";
import { egressBound } from "./sandbox-part.ts";
import { decideEgressNews, summaryOf } from "./tell.ts";

const everyMs = 1_000;
/** Between two summaries in the log, which keeps them for as long as the task lives. */
const summaryEveryMs = 60_000;
const summaryLifeSeconds = 30 * 24 * 3600;

/** What was last seen and done of one sandbox. */
interface Seen {
  /** Which keeper had the rules, and which. */
  applied: string;
  summary: string;
  changedMs: number;
  loggedMs: number;
}

/**
 * One loop of the supervisor for all sandboxes of this host, at work or between runs: what they
 * were refused goes into their tasks, what people decide goes to their keepers. Level by level: it
 * compares what is there with what should be, so that it may die and begin again at any moment.
 */
export function openEgressWatch(context: RunContext): AsyncDisposable {
  const ending = new AbortController();
  const seen = new Map<string, Seen>();
  const woken = new Set<string>();
  let wake: () => void = () => {};
  const hints = context.redis.duplicate();
  hints.on("error", () => {});
  // A pressed button need not wait for the next look.
  hints.on("pmessage", (_pattern: string, channel: string) => {
    woken.add(channel.slice(wakeChannel("").length));
    wake();
  });
  void hints.psubscribe(`${wakeChannel("")}*`).catch(() => {});
  const loop = (async () => {
    for (let fullMs = 0; !ending.signal.aborted; ) {
      const nowMs = Date.now();
      const isFull = nowMs - fullMs >= everyMs;
      if (isFull) fullMs = nowMs;
      const ids = isFull ? await liveTasks(context) : [...woken];
      woken.clear();
      for (const id of ids) {
        if (ending.signal.aborted) break;
        await look(context, seen, id).catch((error: unknown) => {
          context.log.warn({ task: id, err: error }, "following the network");
        });
      }
      if (isFull) for (const id of seen.keys()) if (!ids.includes(id)) seen.delete(id);
      if (woken.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, Math.max(20, fullMs + everyMs - Date.now())).unref();
          ending.signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await loop;
      hints.disconnect();
    },
  };
}

async function liveTasks({ redis }: RunContext): Promise<readonly string[]> {
  return redis.smembers(keys.live).catch(() => []);
}

async function look(context: RunContext, seen: Map<string, Seen>, id: string): Promise<void> {
  const task = await readTask(context.redis, id);
  if (task === undefined || task.host !== context.config.host || task.sandbox === "none") return;
  const known = seen.get(id) ?? { applied: "", summary: "", changedMs: 0, loggedMs: 0 };
  seen.set(id, known);
  await tellNews(context, task, known);
  if (task.sandbox === "live") await applyRules(context, id, known);
}

async function tellNews(context: RunContext, task: Task, known: Seen): Promise<void> {
  const { redis, admin, config } = context;
  const changedMs = await egressChangedMs(config.folder, task.id);
  const isLogged = known.loggedMs >= known.changedMs;
  if (changedMs === known.changedMs && (isLogged || !isDue(known))) return;
  const state = await readEgressState(config.folder, task.id);
  const summary = summaryOf(state);
  const text = JSON.stringify(summary);
  const bound = egressBound(admin);
  if (decideEgressNews(task, state, bound) !== undefined) {
    await transact(redis, task.id, (now) => decideEgressNews(now, state, bound));
  }
  if (text !== known.summary && summary.hosts.length > 0) {
    await redis.set(keys.egress(task.id), text, "EX", summaryLifeSeconds);
  }
  known.summary = text;
  known.changedMs = changedMs;
  if (summary.hosts.length === 0 || !isDue(known)) return;
  known.loggedMs = Date.now();
  const events = [{ type: "egress.summary", summary } as const];
  await transact(redis, task.id, (now) => ({ task: now, events }));
}

/** Whether the log may have another summary. */
function isDue(known: Seen): boolean {
  return Date.now() - known.loggedMs >= summaryEveryMs;
}

async function applyRules(context: RunContext, id: string, known: Seen): Promise<void> {
  const task = await readTask(context.redis, id);
  if (task === undefined) return;
  await rememberAlways(context.redis, task);
  const always = await readAlways(context.redis, task.repository.url);
  const rules = decideRules(task.egress, always, egressBound(context.admin));
  const wanted = JSON.stringify(rules);
  if (rules.length === 0 && known.applied === "") return;
  // The task's epoch changes with each new driver, and only they make new sandboxes.
  const applied = `${task.epoch} ${wanted}`;
  if (known.applied === applied) return;
  await using sandbox = await adoptSandbox(context.config.folder, id);
  if (sandbox === undefined) return;
  await sandbox.setEgressRules(rules);
  known.applied = applied;
}
