import type { Change } from "../../../worker/protocol/change.ts";
import type { Client } from "../../../worker/protocol/client.ts";
import type { TaskEvent } from "../../../worker/protocol/events.ts";
import { keys } from "../../../worker/protocol/keys.ts";
import type { PermissionRequest } from "../../../worker/protocol/permission.ts";
import type { PlanEntry, Task } from "../../../worker/protocol/task.ts";
import { transact } from "../../../worker/protocol/transition.ts";

/** Plays the worker by the contract alone: it commits the transitions that a driver would. */
export class PlayedWorker {
  readonly #client: Client;
  constructor(client: Client) {
    this.#client = client;
  }

  async #commit(
    taskId: string,
    change: (task: Task) => Task,
    ...events: TaskEvent[]
  ): Promise<Task> {
    return transact(this.#client.redis, taskId, (task) => ({ task: change(task), events }));
  }

  start(taskId: string, host = "host-1"): Promise<Task> {
    return this.#commit(
      taskId,
      (task) => ({
        ...task,
        state: "running",
        epoch: task.epoch + 1,
        host,
        branch: "main",
        baseCommit: "3f2a9c1d77e0b1c2d3e4f5a6b7c8d9e0f1a2b3c4",
        agent: task.agent === "default" ? "scripted" : task.agent,
        startedAtMs: Date.now(),
        phase: "agent",
        prompts: [],
        sandbox: "live",
      }),
      { type: "run.started", run: 1, epoch: 1, host },
      { type: "run.based", branch: "main", commit: "3f2a9c1d77e0" },
    );
  }
  step(taskId: string, step: string): Promise<Task> {
    return this.#commit(taskId, (task) => ({ ...task, step }));
  }
  say(taskId: string, text: string): Promise<Task> {
    return this.#commit(taskId, (task) => ({ ...task, summary: text }), {
      type: "agent.said",
      text,
    });
  }
  plan(taskId: string, ...entries: PlanEntry[]): Promise<Task> {
    return this.#commit(taskId, (task) => ({ ...task, plan: entries }), {
      type: "agent.plan",
      entries,
    });
  }
  tool(
    taskId: string,
    command: string,
    excerpt: string,
    status: "done" | "failed" = "done",
  ): Promise<Task> {
    return this.#commit(taskId, (task) => ({ ...task, step: command }), {
      type: "agent.tool",
      id: command,
      title: command,
      kind: "execute",
      status,
      command,
      excerpt,
    });
  }
  remark(taskId: string, sentence: string): Promise<Task> {
    return this.#commit(taskId, (task) => task, { type: "remark", sentence });
  }
  ask(taskId: string, request: PermissionRequest): Promise<Task> {
    return this.#commit(taskId, (task) => ({ ...task, state: "waiting", permission: request }), {
      type: "permission.asked",
      request,
    });
  }
  preview(taskId: string, ...ports: { port: number; path: string; title: string }[]) {
    return this.#commit(taskId, (task) => ({ ...task, previews: ports }), {
      type: "preview.changed",
      ports,
    });
  }
  async pictures(taskId: string, pngs: { viewport: string; png: Buffer }[], errors: string[] = []) {
    const shots = await Promise.all(
      pngs.map(async ({ viewport, png }) => ({
        viewport,
        artifact: await this.#client.putArtifact(png, `${viewport}.png`, "image/png"),
      })),
    );
    return this.#commit(taskId, (task) => task, {
      type: "screenshot.taken",
      url: "http://localhost:3000/",
      shots,
      consoleErrors: errors,
      failedRequests: [],
    });
  }
  async change(diff: string, tree: string, files: Change["files"]): Promise<Change> {
    return {
      change: "kxqpzsyw",
      commit: "9d8c7b6a5f4e",
      tree,
      base: "3f2a9c1d77e0",
      files,
      added: files.reduce((sum, file) => sum + file.added, 0),
      removed: files.reduce((sum, file) => sum + file.removed, 0),
      conflicts: [],
      remarks: [],
      diff: await this.#client.putArtifact(Buffer.from(diff), "change.diff", "text/x-diff"),
    };
  }
  check(taskId: string, exitCode: number, excerpt: string): Promise<Task> {
    const result = { command: "npm test", exitCode, excerpt, elapsedMs: 2300 };
    return this.#commit(taskId, (task) => ({ ...task, check: result }), {
      type: "check.finished",
      result,
    });
  }
  finish(taskId: string, summary: string, change?: Change): Promise<Task> {
    const elapsedMs = 72_000;
    return this.#commit(
      taskId,
      (task) => {
        const { step: _, phase: _p, ...rest } = task;
        return {
          ...rest,
          state: "review",
          summary,
          workedMs: task.workedMs + elapsedMs,
          endedAtMs: Date.now(),
          ...(change === undefined ? {} : { change }),
        };
      },
      { type: "run.finished", summary, elapsedMs, ...(change === undefined ? {} : { change }) },
    );
  }
  fail(taskId: string, sentence: string): Promise<Task> {
    return this.#commit(
      taskId,
      (task) => ({ ...task, state: "failed", failure: { kind: "agent-exited", sentence } }),
      { type: "run.failed", kind: "agent-exited", sentence },
    );
  }
  stopped(taskId: string): Promise<Task> {
    return transact(this.#client.redis, taskId, (task) => {
      const { stopAsked = task.requester, ...rest } = task;
      return {
        task: { ...rest, state: "stopped", prompts: [] },
        events: [{ type: "run.stopped", by: stopAsked }],
      };
    });
  }
  refuseMerge(taskId: string, sentence: string, conflicts: Task["conflicts"]): Promise<Task> {
    return transact(this.#client.redis, taskId, (task) => {
      const { decision: _, ...rest } = task;
      return {
        task: { ...rest, state: "review", conflicts },
        events: [{ type: "merge.refused", sentence, conflicts }],
      };
    });
  }
  /** No conflict is left in the workspace. */
  settled(taskId: string): Promise<Task> {
    return this.#commit(taskId, (task) => ({ ...task, conflicts: [] }));
  }
  land(taskId: string, commit: string): Promise<Task> {
    return transact(this.#client.redis, taskId, (task) => ({
      task: { ...task, state: "done", landed: { commit, atMs: Date.now() } },
      events: [
        { type: "task.landed", commit, branch: "main", by: task.decision?.by ?? task.requester },
      ],
    }));
  }
  endSandbox(taskId: string): Promise<Task> {
    const receipt = {
      processes: 0,
      mounts: 0,
      cgroups: 0,
      bytesReturned: 48_300_000,
      elapsedMs: 900,
    };
    return this.#commit(taskId, (task) => ({ ...task, sandbox: "ended", receipt }), {
      type: "sandbox.ended",
      reason: "landed",
      receipt,
    });
  }

  /** Resolves once the chat has told all that happened so far. */
  async untilTold(): Promise<void> {
    while ((await this.#client.redis.xlen(keys.outbox)) > 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
