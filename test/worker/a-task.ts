import { newTaskId } from "../../worker/protocol/ids.ts";
import type { Task } from "../../worker/protocol/task.ts";

/** A queued task as the client makes it; tests change what they are about. */
export function aTask(change: Partial<Task> = {}): Task {
  const ada = { id: "local:ada", name: "Ada" };
  return {
    version: 1,
    id: newTaskId(),
    rev: -1,
    state: "queued",
    epoch: 0,
    run: 1,
    request: "fix the login bug",
    requester: ada,
    repository: {
      name: "shop",
      url: "/srv/shop.git",
      caller: { uid: 0, gid: 0, home: "/root", env: {} },
    },
    agent: "scripted",
    plan: [],
    prompts: [{ text: "fix the login bug", by: ada, interrupt: false }],
    promptsSent: 0,
    setupDone: false,
    conflicts: [],
    previews: [],
    notEnforced: [],
    createdAtMs: 1,
    workedMs: 0,
    activeAtMs: 1,
    sandbox: "none",
    ...change,
  };
}

/** A change as a snapshot yields it, with one edited file. */
export function aChange(tree = "tree-1"): NonNullable<Task["change"]> {
  return {
    change: "kxyz",
    commit: "c".repeat(40),
    tree,
    base: "b".repeat(40),
    files: [{ path: "login.ts", status: "modified", added: 3, removed: 1 }],
    added: 3,
    removed: 1,
    conflicts: [],
    remarks: [],
  };
}
