import { expect, test } from "vitest";
import { openVoice } from "../../../worker/cli/show/voice.ts";
import { openTeller } from "../../../worker/cli/teller.ts";
import { eventSchema, type TaskEvent } from "../../../worker/protocol/events.ts";

const by = { id: "local:ada", name: "Ada\x1b[31m" };

function tell(events: readonly TaskEvent[], json = false): string {
  let out = "";
  const stdout = {
    write(text: string | Uint8Array) {
      out += text;
      return true;
    },
  };
  const stderr = { write: () => true };
  const teller = openTeller(openVoice({ json, stdout, stderr, noColour: true }), "k3f9ab");
  for (const [at, event] of events.entries()) {
    teller({ id: `${at}-0`, atMs: at, event: eventSchema.parse(event) });
  }
  return out;
}

const entry = (title: string, status: "pending" | "in_progress" | "completed") => ({
  title,
  status,
});

test("a plan is shown once; then only the step that begins", () => {
  const first = [entry("look", "in_progress"), entry("write", "pending")];
  const second = [entry("look", "completed"), entry("write", "in_progress")];
  const out = tell([
    { type: "agent.plan", entries: first },
    { type: "agent.plan", entries: second },
    { type: "agent.plan", entries: second },
  ]);
  expect(out).toBe("  ▸ look\n  · write\n  ▸ write (2/2)\n");
});

test("a new plan is shown as a whole", () => {
  const out = tell([
    { type: "agent.plan", entries: [entry("look", "in_progress")] },
    { type: "agent.plan", entries: [entry("test", "in_progress"), entry("look", "pending")] },
  ]);
  expect(out).toBe("  ▸ look\n  ▸ test\n  · look\n");
});

test("a driver that takes over is told, but not after an answer", () => {
  const adopted = { type: "run.adopted", epoch: 2, host: "h" } as const;
  expect(tell([{ type: "task.queued", reason: "lost" }, adopted])).toContain("driver");
  expect(tell([{ type: "task.queued", reason: "answer" }, adopted])).toBe("");
});

test("a failed command shows its code and last lines, without escape codes", () => {
  const out = tell([
    {
      type: "agent.tool",
      id: "t1",
      title: "Run",
      kind: "execute",
      status: "failed",
      command: "npm test",
      exitCode: 2,
      excerpt: "\x1b[31mboom\x1b[0m\nlast",
    },
  ]);
  expect(out).toBe("  ✗ $ npm test (exit 2)\n    boom\n    last\n");
});

test("names and texts of others cannot move the cursor", () => {
  const out = tell([
    { type: "prompt.received", text: "a\x1b[2Jb", by, interrupt: false },
    { type: "agent.said", text: "\x1b]0;x\x07hi" },
    { type: "run.failed", kind: "x", sentence: "no\x1b[1A" },
    { type: "remark", sentence: "file \x1b[5m" },
  ]);
  expect(out).not.toContain("\x1b");
  expect(out).toContain("› Ada: ab\n");
});

test("a passing check is one line, a failing one shows its end", () => {
  const result = { command: "npm test", excerpt: "1 failed", elapsedMs: 65_000 };
  expect(tell([{ type: "check.finished", result: { ...result, exitCode: 0 } }])).toBe(
    "✔ check passed: npm test in 1 min 5 s\n",
  );
  expect(tell([{ type: "check.finished", result: { ...result, exitCode: null } }])).toBe(
    "✗ check failed (its time was up): npm test in 1 min 5 s\n    1 failed\n",
  );
});

test("a conflict names file, lines and whose change", () => {
  const conflicts = [{ path: "a.txt", lines: "3-4", withTask: "bcd234", withTitle: "Other" }];
  const out = tell([{ type: "merge.refused", sentence: "", conflicts }]);
  expect(out).toBe("✗ It conflicts with its base:\n  a.txt 3-4 with Other (bcd234)\n");
});

test("for programs every event is one object with its task", () => {
  const out = tell([{ type: "task.created" }, { type: "agent.said", text: "a\nb" }], true);
  expect(
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { taskId: "k3f9ab", eventId: "0-0", atMs: 0, type: "task.created" },
    { taskId: "k3f9ab", eventId: "1-0", atMs: 1, type: "agent.said", text: "a\nb" },
  ]);
});

test("a tool's own id does not hide the event's", () => {
  const tool = { type: "agent.tool", id: "t9", title: "x", kind: "read", status: "done" } as const;
  expect(JSON.parse(tell([tool], true))).toMatchObject({ eventId: "0-0", id: "t9" });
});
