import { expect, test } from "vitest";
import type { AgentHappening } from "../../worker/agent/agent.ts";
import { openAgent } from "../../worker/agent/open-agent.ts";
import { drive, optionsFor, type Place } from "../integration/agent/driving.ts";
import { essence, type RealAgent } from "./real-agent.ts";

const prompts = ["Please do colony-edit now.", "Please do colony-more now."];

/** What each real agent must do: the same story for all of them. */
export function tellRealAgentStory(
  name: string,
  open: () => Promise<RealAgent>,
  /** False: its next process knows nothing of the last one, and a person is told so. */
  keepsConversation = true,
): void {
  test(`${name} edits, runs, asks, takes a follow-up, and survives its drivers`, async () => {
    await using calm = await open();
    const undisturbed = await drive({ ...calm, prompts });
    const hello = await readInside(calm.processes, "hello.txt");
    expect(hello).toBe("hello from the agent\none more line\n");
    expect(await readInside(calm.processes, "ran.txt")).toBe("ran-it\n");
    const told = essence(undisturbed.happenings);
    expect(told.filter((one) => JSON.stringify(one).includes("asks")).length).toBeGreaterThan(1);
    expect(told.at(-1)).toEqual({ ended: "end_turn" });

    await using stormy = await open();
    const dies = (count: number) =>
      count % 3 === 0
        ? ("stored" as const)
        : count % 3 === 1
          ? ("unstored" as const)
          : (false as const);
    const disturbed = await drive({ ...stormy, prompts, dies });
    expect(disturbed.drivers).toBeGreaterThan(5);
    expect(essence(disturbed.happenings)).toEqual(told);
    expect(await readInside(stormy.processes, "hello.txt")).toBe(hello);
  });

  test(`${name} is stopped in the middle and goes on with something else`, async () => {
    await using real = await open();
    await using agent = await openAgent(optionsFor({ ...real, mode: "bypass" }));
    await agent.prompt("1", "Please do colony-long now.");
    const ended: AgentHappening[] = [];
    for await (const { happening } of agent.news()) {
      if (
        happening.kind === "tool" &&
        `${happening.tool.command}${happening.tool.title}`.includes("sleep 120")
      )
        await agent.cancel();
      if (happening.kind !== "turn-ended") continue;
      ended.push(happening);
      if (happening.promptKey === "2") break;
      await agent.prompt("2", "Please do colony-more now.");
    }
    expect(ended).toMatchObject([{ stopReason: "cancelled" }, { stopReason: "end_turn" }]);
    expect(await readInside(real.processes, "hello.txt")).toBe("one more line\n");
  });

  test(`${name} dies and its conversation goes on in a new process`, async () => {
    await using real = await open();
    const first = await drive({ ...real, mode: "bypass", prompts: prompts.slice(0, 1) });
    await (await real.processes.process("agent-1"))?.kill("SIGKILL");
    if (!first.saved) throw new Error("nothing was saved");
    const options = optionsFor({ ...real, mode: "bypass" }, first.saved);
    const saved = await untilExited(options);
    await using agent = await openAgent({ ...options, saved });
    await agent.prompt("2", "Please do colony-back now.");
    const heard: AgentHappening[] = [];
    for await (const { happening } of agent.news()) {
      heard.push(happening);
      if (happening.kind === "turn-ended") break;
    }
    const started = heard.find((one) => one.kind === "started");
    expect(started).toMatchObject({ resumed: keepsConversation });
    const lost = heard.some((one) => one.kind === "trouble" && one.trouble === "conversation-lost");
    expect(lost).toBe(!keepsConversation);
    expect(essence(heard)).toEqual([
      { said: "I am back, and I know what we did." },
      { ended: "end_turn" },
    ]);
  });
}

async function untilExited(options: Parameters<typeof openAgent>[0]) {
  await using agent = await openAgent(options);
  for await (const news of agent.news()) if (news.happening.kind === "exited") return news.saved;
  throw new Error("it did not exit");
}

async function readInside(place: Place, name: string): Promise<string> {
  const options = { timeoutMs: 20_000, maxOutputBytes: 10_000 };
  return (await place.exec(["cat", `${place.workspace}/${name}`], options)).output;
}
