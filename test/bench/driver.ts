import { setTimeout as sleep } from "node:timers/promises";
import { keys } from "../../worker/protocol/keys.ts";
import type { Task } from "../../worker/protocol/task.ts";
import { type Bench, figuresOf, roundsOf } from "./bench.ts";
import { type BenchColony, openBenchColony } from "./bench-colony.ts";

const rounds = roundsOf(10);
/** A driver that died is started again and waits for jobs by then. */
const restMs = 6_000;

/** SIGKILL of the driver of a working agent → another driver has the task. */
export const bench: Bench = {
  name: "driver",
  async run(say) {
    await using colony = await openBenchColony({ "README.md": "A shop\n" });
    const task = await colony.createTask("sleep 3600");
    await colony.event(task.id, "prompt.sent");
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await sleep(restMs);
      const last = (await colony.installation.client.events(task.id)).at(-1)?.id;
      const pid = await driverOf(colony, task);
      const killedMs = Date.now();
      process.kill(pid, "SIGKILL");
      const adopted = await colony.event(task.id, "run.adopted", last);
      samples.push(adopted.atMs - killedMs);
      say(`driver ${pid} killed, driven again after ${samples.at(-1)} ms`);
    }
    await colony.installation.client.stop(task.id, task.requester);
    await colony.event(task.id, "run.stopped");
    await colony.discard(task);
    return [
      {
        name: "driver killed → driven again",
        unit: "ms",
        ours: figuresOf(samples),
        mark: { atMost: 1_000, of: "median" },
        remark: "Two drivers, as by default; the agent in its sandbox works on meanwhile.",
      },
    ];
  },
};

/** Which driver holds the task's job, as it wrote down itself. */
async function driverOf({ installation }: BenchColony, { id }: Task): Promise<number> {
  const { redis } = installation.client;
  const host = (await installation.client.task(id))?.host ?? "";
  for (const pid of installation.pids("driver")) {
    const fields = await redis.hkeys(keys.driver(pid, host));
    if (fields.some((field) => field.includes(id))) return pid;
  }
  throw new Error(`No driver holds task ${id}.`);
}
