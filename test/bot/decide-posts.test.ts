import { expect, test } from "vitest";
import { type Activity, noActivity, noteEvent } from "../../bot/activity.ts";
import { decidePosts, renderLevel } from "../../bot/decide-posts.ts";
import type { LoggedEvent, TaskEvent } from "../../worker/protocol/events.ts";
import { aTask } from "../worker/a-task.ts";

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
  ).toEqual(["card:1", "result:1", "card:2", "result:2"]);
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
