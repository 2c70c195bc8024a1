import { expect, test } from "vitest";
import { type Activity, noActivity, noteEvent } from "../../bot/activity.ts";
import { decidePosts, renderLevel } from "../../bot/decide-posts.ts";
import type { LoggedEvent, TaskEvent } from "../../worker/protocol/events.ts";
import { aChange, aTask } from "../worker/a-task.ts";

const ada = { id: "local:ada", name: "Ada" };

/** A log whose events come a second apart. */
function logOf(...events: TaskEvent[]): { log: LoggedEvent[]; activity: Activity } {
  const log = events.map((event, at) => ({
    id: `${(at + 1) * 1000}-0`,
    atMs: (at + 1) * 1000,
    event,
  }));
  return { log, activity: log.reduce(noteEvent, noActivity) };
}

function keysOf(...events: TaskEvent[]): string[] {
  const { log, activity } = logOf(...events);
  const task = aTask({ thread: "local:general:m1" });
  return log.flatMap((logged) => decidePosts(logged, task, activity).map((wish) => wish.key));
}

const began: TaskEvent[] = [{ type: "task.created" }, { type: "task.queued", reason: "new" }];

test("one card a run; being lost or answered begins no new one", () => {
  const end: TaskEvent = { type: "run.finished", summary: "done", elapsedMs: 5 };
  expect(
    keysOf(
      ...began,
      { type: "run.started", run: 1, epoch: 1, host: "h" },
      { type: "task.queued", reason: "lost" },
      { type: "run.adopted", epoch: 2, host: "h" },
      { type: "task.queued", reason: "answer" },
      end,
      { type: "task.queued", reason: "reply" },
      end,
    ),
  ).toEqual(["card:1", "event:7000-0", "card:2", "event:9000-0"]);
});

test("tools, plans and words of the agent make no posts: they are on the card", () => {
  const quiet: TaskEvent[] = [
    { type: "agent.said", text: "hello" },
    { type: "agent.plan", entries: [] },
    { type: "agent.tool", id: "1", title: "ls", kind: "execute", status: "done" },
    { type: "files.changed", files: 1, added: 1, removed: 0 },
    { type: "phase.started", phase: "agent" },
    { type: "preview.changed", ports: [] },
  ];
  expect(keysOf(...began, ...quiet)).toEqual(["card:1"]);
});

test("the same log decides the same keys again", () => {
  const events: TaskEvent[] = [...began, { type: "remark", sentence: "a" }];
  expect(keysOf(...events)).toEqual(keysOf(...events));
});

test("a question is drawn open, answered and withdrawn", () => {
  const request = { requestId: "q", title: "May I?", options: [] };
  const asked: TaskEvent = { type: "permission.asked", request };
  const draw = (...events: TaskEvent[]) =>
    JSON.stringify(renderLevel("question:q", aTask(), logOf(...began, ...events).activity));
  expect(draw(asked)).toContain("buttons");
  const decided: TaskEvent = {
    type: "permission.decided",
    requestId: "q",
    option: "Reject",
    by: ada,
  };
  expect(draw(asked, decided)).toContain("**Reject**, said Ada");
  expect(draw(asked, { type: "permission.expired", requestId: "q" })).toContain("no longer asks");
});

test("hostile names and output reach a card without control characters", () => {
  const { activity } = logOf(...began, {
    type: "agent.tool",
    id: "1",
    title: "x",
    kind: "execute",
    status: "failed",
    command: "cat \u001b[2J\u202efile\nname",
    excerpt: "\u001b]0;title\u0007line\u0000\nlast",
  });
  const card = JSON.stringify(renderLevel("card:1", aTask({ state: "running" }), activity));
  expect(card).not.toMatch(/\\u001b|\\u0007|\\u0000|\u202e/);
  expect(card).toContain("last");
});

const change = aChange();
const finished: TaskEvent = { type: "run.finished", summary: "Done.", elapsedMs: 5, change };

/** The lines that the last event makes, with the task as it then is. */
function lineOf(task: Parameters<typeof aTask>[0], ...events: TaskEvent[]) {
  const { log, activity } = logOf(...began, ...events);
  const [wish] = decidePosts(log.at(-1) as LoggedEvent, aTask(task), activity);
  if (wish?.kind !== "post") throw new Error("no line");
  return { about: wish.about, mention: wish.draft.mention?.name, said: wish.draft.fallback };
}

test("the end of a run is one short line about its card, which calls the person", () => {
  expect(lineOf({ state: "review", change }, finished)).toEqual({
    about: "card:1",
    mention: "Ada",
    said: "Ready for review: +3 −1 in 1 file.",
  });
  const check: TaskEvent = {
    type: "check.finished",
    result: { command: "npm test", exitCode: 1, excerpt: "", elapsedMs: 1 },
  };
  expect(lineOf({ state: "review", change }, check, finished).said).toContain("; the check fails.");
  const failed: TaskEvent = { type: "run.failed", kind: "x", sentence: "No `npm`.\nAt all." };
  expect(lineOf({ state: "failed" }, failed).said).toBe("Failed: No `npm`.");
});

test("nobody is called to a card that the next run has made old", () => {
  expect(lineOf({ state: "running", run: 2 }, finished).mention).toBeUndefined();
});

test("not merged is one sentence; file, lines and whose change are on the card", () => {
  const conflict = {
    path: "index.html",
    lines: "12-14",
    withTask: "k3f9ab",
    withTitle: "Book a table",
  };
  const refused: TaskEvent = { type: "merge.refused", sentence: "", conflicts: [conflict] };
  const state = { state: "review" as const, change, conflicts: [conflict] };
  const { said } = lineOf(state, finished, refused);
  expect(said).toBe("Not merged: `index.html` conflicts with “Book a table”.");
  const { activity } = logOf(...began, finished, refused);
  const card = JSON.stringify(renderLevel("card:1", aTask(state), activity));
  expect(card).toContain(
    "`index.html`, lines 12-14, conflicts with “Book a table” (task `k3f9ab`)",
  );
});

test("why a merge came to nothing stays on the card, with its output, until somebody acts", () => {
  const refused: TaskEvent = {
    type: "merge.refused",
    sentence: "`check` fails on the newest main; nothing was merged.\n1 failing\nlogin",
    conflicts: [],
  };
  const draw = (...events: TaskEvent[]) =>
    JSON.stringify(
      renderLevel(
        "card:1",
        aTask({ state: "review", change }),
        logOf(...began, finished, ...events).activity,
      ),
    );
  expect(draw(refused)).toContain("Not merged: `check` fails on the newest main");
  expect(draw(refused)).toContain("1 failing\\nlogin");
  expect(lineOf({ change }, finished, refused).said).not.toContain("1 failing");
  const again: TaskEvent = { type: "merge.asked", by: ada, tree: "tree-1" };
  expect(draw(refused, again)).not.toContain("Not merged");
});

test("the result shows the pictures of these files, and not those of older ones", () => {
  const shotOf = (id: string): TaskEvent => ({
    type: "screenshot.taken",
    url: "http://localhost:3000/",
    shots: ["desktop", "phone"].map((viewport) => ({
      viewport,
      artifact: { id: `${id}-${viewport}`, name: "x.png", mediaType: "image/png", bytes: 1 },
    })),
    consoleErrors: ["TypeError"],
    failedRequests: [],
  });
  const draw = (run: number, tree: string, ...events: TaskEvent[]) => {
    const task = aTask({ state: "review", run, change: { ...change, tree } });
    return JSON.stringify(renderLevel(`card:${run}`, task, logOf(...began, ...events).activity));
  };
  const first = draw(1, "tree-1", shotOf("old"), shotOf("new"), finished);
  for (const words of ["new-desktop", "new-phone", "1 console error"])
    expect(first).toContain(words);
  expect(first).not.toContain("old-desktop");
  const next: TaskEvent = { type: "task.queued", reason: "reply" };
  const asBefore = [shotOf("new"), finished, next, finished];
  expect(draw(2, "tree-1", ...asBefore)).toContain("new-desktop");
  const other: TaskEvent = { ...finished, change: { ...change, tree: "tree-2" } };
  expect(draw(2, "tree-2", shotOf("new"), finished, next, other)).not.toContain("new-desktop");
});
