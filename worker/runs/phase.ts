import type { TaskEvent } from "../protocol/events.ts";
import type { Task } from "../protocol/task.ts";
import type { InsideResult } from "./check.ts";
import type { Lease } from "./lease.ts";

/** Writes down what the run is at. */
export async function enter(lease: Lease, phase: NonNullable<Task["phase"]>): Promise<void> {
  await lease.transact((task) => ({
    task: { ...task, phase },
    events: [{ type: "phase.started", phase }],
  }));
}

/** A command of the settings that was run, as the thread is told of the agent's own. */
export function toolEvent(name: string, { result, artifact }: InsideResult): TaskEvent {
  return {
    type: "agent.tool",
    id: name,
    title: name,
    kind: "execute",
    status: "done",
    command: result.command,
    excerpt: result.excerpt,
    exitCode: result.exitCode,
    ...(artifact === undefined ? {} : { artifact }),
  };
}
