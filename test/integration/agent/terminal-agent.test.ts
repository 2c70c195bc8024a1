import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAgent } from "../../../worker/agent/open-agent.ts";
import { terminalProfile } from "../../../worker/agent/profiles.ts";
import { renderTerminal } from "../../../worker/agent/terminal/render.ts";
import { drive, optionsFor } from "./driving.ts";
import { SpooledProcesses } from "./spooled-processes.ts";

test("a command line gets the request, its screen is told clean, its exit ends the turn", async () => {
  using processes = new SpooledProcesses();
  const line = [
    `printf '%s' "$COLONY_REQUEST" > request.txt`,
    `for frame in '|' '/' '-' '|' '/' '-'; do printf '\\r\\033[31m%s working\\033[0m' "$frame"; sleep 0.05; done`,
    `printf '\\r\\033[2Kdone\\n'`,
  ].join("; ");
  const { happenings } = await drive({
    processes,
    profile: terminalProfile(line),
    prompts: ['Fix "it", please: $(false) `false`'],
  });
  expect(readFileSync(join(processes.workspace, "request.txt"), "utf8")).toBe(
    'Fix "it", please: $(false) `false`',
  );
  expect(happenings.at(0)).toMatchObject({ kind: "started" });
  expect(happenings.at(-2)).toMatchObject({
    kind: "tool",
    tool: { status: "completed", exitCode: 0, output: "done" },
  });
  expect(happenings.at(-1)).toEqual({ kind: "turn-ended", promptKey: "1", stopReason: "end_turn" });
});

test("a follow-up is a new process with the new request; a failing one says its exit code", async () => {
  using processes = new SpooledProcesses();
  const { happenings } = await drive({
    processes,
    profile: terminalProfile(`echo "$COLONY_REQUEST" >> log.txt; [ "$COLONY_REQUEST" != bad ]`),
    prompts: ["first", "bad"],
  });
  expect(readFileSync(join(processes.workspace, "log.txt"), "utf8")).toBe("first\nbad\n");
  const ends = happenings.filter((one) => one.kind === "turn-ended");
  expect(ends).toEqual([
    { kind: "turn-ended", promptKey: "1", stopReason: "end_turn" },
    {
      kind: "turn-ended",
      promptKey: "2",
      stopReason: "failed",
      sentence: "The command ended with exit code 1.",
    },
  ]);
});

test("drivers die and the command runs once; its end is told once", async () => {
  using processes = new SpooledProcesses();
  const { happenings, drivers } = await drive({
    processes,
    profile: terminalProfile(
      "for n in 1 2 3 4 5 6; do echo line $n; sleep 0.25; done; echo x >> runs.txt",
    ),
    prompts: ["go"],
    dies: (count) => (count % 2 === 0 ? "stored" : "unstored"),
  });
  expect(drivers).toBeGreaterThan(3);
  expect(readFileSync(join(processes.workspace, "runs.txt"), "utf8")).toBe("x\n");
  const done = happenings.filter((one) => one.kind === "tool" && one.tool.status === "completed");
  expect(done).toHaveLength(1);
  expect(done[0]).toMatchObject({
    tool: { output: "line 1\nline 2\nline 3\nline 4\nline 5\nline 6" },
  });
  expect(happenings.filter((one) => one.kind === "turn-ended")).toHaveLength(1);
});

test("cancel stops it", async () => {
  using processes = new SpooledProcesses();
  const profile = terminalProfile("echo begun; sleep 60");
  await using agent = await openAgent(optionsFor({ processes, profile }));
  await agent.prompt("1", "go");
  for await (const { happening } of agent.news()) {
    if (happening.kind === "tool" && happening.tool.output?.includes("begun")) void agent.cancel();
    if (happening.kind !== "turn-ended") continue;
    expect(happening).toMatchObject({ stopReason: "cancelled" });
    break;
  }
});

test("a request of 100,000 characters arrives whole in a file, and cut in the variable", async () => {
  using processes = new SpooledProcesses();
  const request = "漢".repeat(100_000);
  await drive({
    processes,
    profile: terminalProfile(
      'cp "$COLONY_REQUEST_FILE" whole.txt; printf %s "$COLONY_REQUEST" > cut.txt',
    ),
    prompts: [request],
  });
  expect(readFileSync(join(processes.workspace, "whole.txt"), "utf8")).toBe(request);
  expect(readFileSync(join(processes.workspace, "cut.txt"), "utf8")).toBe("漢".repeat(40_000));
});

test("a screen is what a terminal shows: codes, cursor moves and wrapping undone", async () => {
  const bytes = `one\r\n\x1b[31mtwo\x1b[0m\r\nthree\x1b[1A\r\x1b[2KTWO\r\n\x1b[1B${"w".repeat(300)}`;
  expect(await renderTerminal(bytes)).toEqual(["one", "TWO", "three", "w".repeat(300)]);
});
