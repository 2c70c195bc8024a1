import { expect, test } from "vitest";
import { renderTable, sparesSentence } from "../../../worker/cli/commands/ps.ts";
import { type Task, taskSchema } from "../../../worker/protocol/task.ts";

const task = (changes: Partial<Task>): Task =>
  taskSchema.parse({
    version: 1,
    id: "k3f9ab",
    rev: 0,
    state: "review",
    epoch: 1,
    run: 1,
    request: "Fix the login\nplease",
    requester: { id: "local:ada", name: "Ada" },
    repository: {
      name: "shop",
      url: "/srv/shop",
      caller: { uid: 0, gid: 0, home: "/root", env: {} },
    },
    agent: "codex",
    plan: [],
    prompts: [],
    promptsSent: 1,
    setupDone: true,
    conflicts: [],
    previews: [],
    notEnforced: [],
    createdAtMs: 0,
    workedMs: 0,
    activeAtMs: 0,
    sandbox: "none",
    ...changes,
  });

test("columns line up and a request is one line", () => {
  const lines = renderTable([task({}), task({ state: "running" })], 65_000, 200);
  expect(lines).toEqual([
    "TASK    STATE             REPOSITORY  AGENT  CHANGE  AGE        REQUEST",
    "k3f9ab  ready for review  shop        codex          1 min 5 s  Fix the login please",
    "k3f9ab  at work           shop        codex          1 min 5 s  Fix the login please",
  ]);
});

test("no line is wider than the terminal", () => {
  const lines = renderTable([task({ request: "x".repeat(500) })], 0, 80);
  expect(lines.map((line) => Array.from(line).length)).toEqual([65, 80]);
  expect(lines[1]).toMatch(/x…$/);
});

test("escape codes of a request are not shown", () => {
  expect(renderTable([task({ request: "\x1b[2Jhello" })], 0, 200)[1]).toMatch(/ hello$/);
});

test("what the pool costs is told, and nothing where there is none", () => {
  const sign = { host: "vm", runsAtOnce: 8, spares: 1, spareBytes: 21_400_000 };
  expect(sparesSentence(sign)).toEqual([
    "1 sandbox is ready on vm for the next task: 21.4 MB of memory.",
  ]);
  expect(sparesSentence({ ...sign, spares: 0 })).toEqual([]);
});
