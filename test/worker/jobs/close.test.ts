import { expect, test } from "vitest";
import { decideClosed } from "../../../worker/jobs/close.ts";
import { aTask } from "../a-task.ts";

const receipt = { processes: 0, mounts: 0, cgroups: 0, bytesReturned: 100, elapsedMs: 5 };

test("a merged task's receipt is told once, with the disk of its files", () => {
  const task = aTask({ state: "done", sandbox: "live", host: "vm" });
  const closed = decideClosed(task, receipt, 50);
  expect(closed?.events).toEqual([
    { type: "sandbox.ended", reason: "landed", receipt: { ...receipt, bytesReturned: 150 } },
  ]);
  expect(closed?.task).toMatchObject({ sandbox: "ended", filesGone: true });
  expect(closed && decideClosed(closed.task, receipt, 0)).toBeUndefined();
});

test("a task whose sandbox had gone to sleep gets its receipt when it is discarded", () => {
  const task = aTask({ state: "discarded", sandbox: "ended", host: "vm" });
  expect(decideClosed(task, receipt, 50)?.events).toMatchObject([
    { type: "sandbox.ended", reason: "discarded", receipt: { bytesReturned: 150 } },
  ]);
});

test("a quiet sandbox goes to sleep once, and its pages with it", () => {
  const previews = [{ port: 3000, path: "/", title: "Shop" }];
  const task = aTask({ state: "review", sandbox: "live", host: "vm", previews });
  const closed = decideClosed(task, receipt, 0);
  expect(closed?.events.map(({ type }) => type)).toEqual(["preview.changed", "sandbox.ended"]);
  expect(closed?.task).toMatchObject({ sandbox: "ended", previews: [] });
  expect(closed?.task.filesGone).toBeUndefined();
  expect(closed && decideClosed(closed.task, receipt, 0)).toBeUndefined();
});

test("a task that never had a sandbox ends without a receipt", () => {
  const closed = decideClosed(aTask({ state: "discarded", host: "vm" }), undefined, 0);
  expect(closed?.events).toEqual([]);
  expect(closed?.task).toMatchObject({ filesGone: true, sandbox: "none" });
});
