import { expect, test } from "vitest";
import { takeTool } from "../../../worker/agent/acp/tools.ts";
import type { AgentTool } from "../../../worker/agent/agent.ts";
import type { AcpSaved } from "../../../worker/agent/saved.ts";

const cwd = "/workspace";

function play(...updates: Parameters<typeof takeTool>[1][]): AgentTool[] {
  const state = { tools: {} } as unknown as AcpSaved;
  return updates
    .flatMap((update) => takeTool(state, update, cwd))
    .flatMap((one) => (one.kind === "tool" ? [one.tool] : []));
}

const call = {
  toolCallId: "1",
  kind: "execute",
  title: "npm test",
  rawInput: { command: "npm test" },
};

test.each([
  ["content", { content: [{ type: "content", content: { type: "text", text: "ok 1" } }] }],
  [
    "a fence",
    { content: [{ type: "content", content: { type: "text", text: "```console\nok 1\n```" } }] },
  ],
  ["a terminal's delta", { _meta: { terminal_output_delta: { data: "ok 1" } } }],
  ["a terminal's output", { _meta: { terminal_output: { data: "ok 1" } } }],
  ["raw text", { rawOutput: "ok 1" }],
  ["a raw object", { rawOutput: { formatted_output: "ok 1", exit_code: 0 } }],
  ["a raw object with metadata", { rawOutput: { output: "ok 1", metadata: { exit: 0 } } }],
])("output is found in %s", (_, update) => {
  const tools = play(call, { toolCallId: "1", status: "completed", ...update });
  expect(tools.at(-1)).toMatchObject({ command: "npm test", output: "ok 1", status: "completed" });
});

test("deltas add up, and are told less often the more there is", () => {
  const piece = `${"x".repeat(99)}\n`;
  const deltas = Array.from({ length: 1_000 }, () => ({
    toolCallId: "1",
    status: "in_progress",
    _meta: { terminal_output_delta: { data: piece } },
  }));
  const tools = play({ ...call, status: "in_progress" }, ...deltas);
  expect(tools.length).toBeGreaterThan(10);
  expect(tools.length).toBeLessThan(60);
  expect(tools.at(-1)?.output?.length).toBeLessThanOrEqual(4_000);
  expect(tools.at(-1)?.output?.startsWith("xxx")).toBe(true);
});

test("an edit tells its file below the workspace and its lines; what a read returned is not told", () => {
  const content = [
    { type: "diff", path: "/workspace/a/b.txt", oldText: "1\n2\n3\n", newText: "1\ntwo\n2b\n3\n" },
  ];
  const [edit] = play({
    toolCallId: "2",
    kind: "edit",
    title: "Edit",
    status: "completed",
    content,
  });
  expect(edit).toMatchObject({ path: "a/b.txt", added: 2, removed: 1 });
  const text = [{ type: "content", content: { type: "text", text: "secret" } }];
  const [read] = play({
    toolCallId: "3",
    kind: "read",
    title: "Read",
    status: "completed",
    content: text,
  });
  expect(read).not.toHaveProperty("output");
});

test("odd fields do not stop a tool from being told", () => {
  const odd = {
    toolCallId: "4",
    title: "T",
    status: "weird",
    kind: "execute",
    rawInput: ["?"],
    rawOutput: 7,
  };
  expect(play({ ...odd, rawInput: { command: ["bash", "-lc", "ls"] } }).at(0)).toMatchObject({
    command: "ls",
  });
});
