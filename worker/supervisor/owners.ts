import type { Redis } from "ioredis";
import type { OwnerOf, Ownership } from "../../sandbox/sandbox.ts";
import { stateWord } from "../protocol/decisions.ts";
import { keys } from "../protocol/keys.ts";
import { isEnded, type Task } from "../protocol/task.ts";
import { readTask } from "../protocol/transition.ts";

/** What is known of the one whom a sandbox or a workspace is called after. */
export interface OwnerSight {
  readonly task: Task | undefined;
  /** Made for the next task by the pool, which looks after it. */
  readonly isSpare: boolean;
}

/** Sandboxes in which a landing's check runs. */
const checkPrefix = "check-";

/**
 * Whether anybody counts on what is called so. A task that nobody knows is no reason to remove its
 * files: the memory of tasks may have been lost, and the files hold work. `unknownToo`: a person
 * says that it is one.
 */
export function decideOwnership(
  id: string,
  { task, isSpare }: OwnerSight,
  unknownToo: boolean,
): Ownership {
  if (isSpare) return { kind: "kept" };
  if (task === undefined) {
    return unknownToo ? { kind: "gone", why: "no task of that name is known" } : { kind: "kept" };
  }
  if (id.startsWith(checkPrefix)) return checkOwnership(task);
  switch (task.state) {
    case "queued":
    case "running":
    case "landing":
      return { kind: "busy" };
    case "done":
    case "discarded":
      // Else its closing is due, which also tells the receipt.
      return task.filesGone === true
        ? { kind: "gone", why: `its task is ${stateWord(task)}, and its files were removed` }
        : { kind: "busy" };
    case "waiting":
    case "review":
    case "failed":
    case "stopped":
      return task.sandbox === "live"
        ? { kind: "kept" }
        : { kind: "no-sandbox", why: `its task is ${stateWord(task)} and has no sandbox` };
  }
}

function checkOwnership(task: Task): Ownership {
  if (task.state === "landing") return { kind: "busy" };
  const word = isEnded(task) ? stateWord(task) : "not being merged";
  return { kind: "gone", why: `the check of a merge ran in it, and the task is ${word}` };
}

/** Asks Redis for the owner of each. */
export function ownersIn(redis: Redis, host: string, unknownToo = false): OwnerOf {
  return async (id) => {
    const taskId = id.startsWith(checkPrefix) ? id.slice(checkPrefix.length) : id;
    const [task, spare] = await Promise.all([
      readTask(redis, taskId),
      redis.hexists(keys.spares(host), id),
    ]);
    return decideOwnership(id, { task, isSpare: spare === 1 }, unknownToo);
  };
}
