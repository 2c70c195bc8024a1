import { expect, test } from "vitest";
import { decideFreshSandbox } from "../../../worker/runs/fresh-sandbox.ts";
import { decideAsk, decidePrompt, decideStep } from "../../../worker/runs/steps.ts";
import { aTask } from "../a-task.ts";

const ada = { id: "local:ada", name: "Ada" };
const question = {
  requestId: "g1-7",
  title: "Run rm -rf build",
  options: [{ id: "yes", name: "Allow", kind: "allow_once" as const }],
};
const idle = { openPermissions: [], cancelling: false };
const busy = { promptInFlight: { key: "p1", text: "fix" }, prompts: [] };

test("a fresh task starts with its request, and ends when no prompt is left", () => {
  expect(decideStep(aTask(), idle).kind).toBe("prompt");
  expect(decideStep(aTask({ prompts: [] }), idle).kind).toBe("finish");
  expect(decideStep(aTask(busy), idle).kind).toBe("listen");
});

test("a stop comes before everything", () => {
  const task = aTask({
    ...busy,
    stopAsked: ada,
    permissionAnswer: { requestId: "g1-7", optionId: "yes" },
  });
  expect(decideStep(task, { openPermissions: [question], cancelling: false }).kind).toBe("stop");
});

test("an interruption withdraws the open question; a queued prompt waits for it", () => {
  const open = { openPermissions: [question], cancelling: false };
  const prompts = (interrupt: boolean) => [{ text: "no, the other one", by: ada, interrupt }];
  expect(decideStep(aTask({ ...busy, prompts: prompts(true) }), open).kind).toBe("interrupt");
  expect(decideStep(aTask({ ...busy, prompts: prompts(false) }), open).kind).toBe("ask");
});

test("a prompt is written down with a key of its own before it is sent", () => {
  const first = decidePrompt(aTask(), (prompt) => prompt.text).task;
  expect(first.promptInFlight).toEqual({ key: "p1", text: "fix the login bug" });
  expect(first.prompts).toEqual([]);
  const again = decideFreshSandbox(first, []).task;
  expect(again.prompts.map((prompt) => prompt.text)).toEqual(["fix the login bug"]);
  expect(decidePrompt(again, (prompt) => prompt.text).task.promptInFlight?.key).toBe("p2");
});

test("a new sandbox has no agent in it: the saved one counts as ended", () => {
  const agentSaved = {
    version: 1,
    kind: "terminal",
    promptKey: "p1",
    started: true,
    cancelled: false,
    resultTold: false,
    shown: "",
    ended: [],
  };
  const { task } = decideFreshSandbox(aTask({ ...busy, agentSaved, setupDone: true }), []);
  expect(task).toMatchObject({ sandbox: "live", setupDone: false });
  expect(task.agentSaved).toMatchObject({ ended: ["p1"] });
  expect(task.agentSaved).not.toHaveProperty("promptKey");
});

test("a question is told once, however often it is found open", () => {
  const asked = decideAsk(
    aTask({ ...busy, state: "running", runStartedAtMs: 1_000 }),
    question,
    4_000,
  );
  expect(asked.task.state).toBe("waiting");
  expect(asked.task.workedMs).toBe(3_000);
  expect(asked.events.map((event) => event.type)).toEqual(["permission.asked"]);
  expect(decideAsk(asked.task, question, 5_000).events).toEqual([]);
});
