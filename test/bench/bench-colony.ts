import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { LoggedEvent, TaskEventType } from "../../worker/protocol/events.ts";
import type { Repository, Task } from "../../worker/protocol/task.ts";
import prepareHost from "../global-setup.ts";
import { ada, type Installation, openInstallation } from "../host/whole/installation.ts";
import { makeRepository } from "../host/whole/repository.ts";
import { ending } from "./bench.ts";

/** Longest wait for one step; a bench that hits it fails. */
const stepMs = 120_000;

/** A whole Colony of its own, as a person starts it, with one small repository. */
export interface BenchColony extends AsyncDisposable {
  readonly installation: Installation;
  readonly repository: Repository;
  createTask(agent: string): Promise<Task>;
  /** The first event of this type after `afterId`; a run that failed rejects. */
  event(taskId: string, type: TaskEventType, afterId?: string): Promise<LoggedEvent>;
  /** Discards the task and waits for the end of its sandbox. */
  discard(task: Task): Promise<void>;
}

export async function openBenchColony(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<BenchColony> {
  prepareHost();
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(makeRepository(files));
  const cli = join(process.env.COLONY_RUNTIME ?? "", "worker/cli/main.js");
  const installation = stack.use(await openInstallation({ cli, environment }));
  const { client } = installation;
  const caller = { uid: 0, gid: 0, home: "/root", env: {} };
  const repository: Repository = { name: "bench", url: path, caller };
  await client.addRepository(repository);
  await client.bindChannel("local:bench", repository.name);
  const owned = stack.move();
  const event: BenchColony["event"] = async (taskId, type, afterId = "0") => {
    const signal = AbortSignal.any([AbortSignal.timeout(stepMs), ending.signal]);
    for await (const logged of client.follow(taskId, afterId, signal)) {
      if (logged.event.type === type) return logged;
      if (logged.event.type === "run.failed") throw new Error(logged.event.sentence);
    }
    throw new Error(`${type} of task ${taskId} did not come: ${signal.reason}`);
  };
  return {
    installation,
    repository,
    event,
    createTask: (agent) =>
      client.createTask({
        request: "Measure",
        requester: ada,
        repository,
        agent,
        origin: randomUUID(),
      }),
    async discard({ id }) {
      await client.discard(id, ada);
      await event(id, "sandbox.ended");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
