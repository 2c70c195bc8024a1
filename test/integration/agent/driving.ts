import type { Sandbox } from "../../../sandbox/sandbox.ts";
import type {
  Agent,
  AgentHappening,
  AgentNews,
  AgentOptions,
} from "../../../worker/agent/agent.ts";
import { openAgent } from "../../../worker/agent/open-agent.ts";
import type { AgentProfile } from "../../../worker/agent/profile.ts";
import { scriptedProfile } from "../../../worker/agent/profiles.ts";
import type { AgentSaved } from "../../../worker/agent/saved.ts";

/** The scripted agent from this tree. */
export const scripted: AgentProfile = {
  ...scriptedProfile,
  command: [process.execPath, `${import.meta.dirname}/../../../worker/agent/scripted/main.ts`],
};

/** Where agents run: a real sandbox, or real programs without one. */
export interface Place extends Pick<Sandbox, "start" | "process" | "exec"> {
  readonly workspace: string;
  readonly home: string;
}

export interface Driving {
  readonly processes: Place;
  readonly profile: AgentProfile;
  readonly prompts: readonly string[];
  readonly mode?: "ask" | "bypass";
  /** Longer where a test is about what comes late: the machine may be busy. */
  readonly drainMs?: number;
  /** Option kind to choose for each question. */
  readonly choose?: string;
  /** Whether the driver dies after this piece of news, and whether it had stored it. */
  readonly dies?: (count: number) => "stored" | "unstored" | false;
  readonly saved?: AgentSaved;
}

export interface Driven {
  readonly happenings: readonly AgentHappening[];
  readonly drivers: number;
  readonly saved: AgentSaved | undefined;
}

export function optionsFor(driving: Omit<Driving, "prompts">, saved?: AgentSaved): AgentOptions {
  return {
    profile: driving.profile,
    sandbox: driving.processes,
    cwd: driving.processes.workspace,
    home: driving.processes.home,
    env: {},
    mode: driving.mode ?? "ask",
    timing: { drainMs: driving.drainMs ?? 100, excerptMs: 200 },
    ...(saved && { saved }),
  };
}

/** Drives an agent through its prompts as the worker does, dying where `dies` says so. */
export async function drive(driving: Driving): Promise<Driven> {
  const happenings: AgentHappening[] = [];
  let saved = driving.saved;
  let drivers = 0;
  let count = 0;
  for (;;) {
    drivers++;
    // What a driver holds in memory dies with it; only the stored JSON goes on.
    const stored = saved && (JSON.parse(JSON.stringify(saved)) as AgentSaved);
    await using agent = await openAgent(optionsFor(driving, stored));
    const ended = await driveOnce(agent, driving, happenings, (news) => {
      const death = driving.dies?.(++count) ?? false;
      if (death !== "unstored") {
        happenings.push(news.happening);
        saved = news.saved;
      }
      return death !== false;
    });
    if (ended) return { happenings, drivers, saved };
  }
}

/** Answers true when all prompts are done, false when the driver died on the way. */
async function driveOnce(
  agent: Agent,
  driving: Driving,
  happenings: readonly AgentHappening[],
  take: (news: AgentNews) => boolean,
): Promise<boolean> {
  const endedTurns = (): number => happenings.filter((one) => one.kind === "turn-ended").length;
  const promptNext = async (): Promise<boolean> => {
    const index = endedTurns();
    const text = driving.prompts[index];
    if (text === undefined) return false;
    await agent.prompt(String(index + 1), text);
    return true;
  };
  if (!(await promptNext())) return true;
  await answerOpen(agent, driving.choose);
  for await (const news of agent.news()) {
    if (take(news)) return false;
    const { kind } = news.happening;
    if (kind === "exited" || (kind === "trouble" && news.happening.fatal)) return true;
    if (kind === "turn-ended" && !(await promptNext())) return true;
    if (kind === "permission") await answerOpen(agent, driving.choose);
  }
  return true;
}

async function answerOpen(agent: Agent, kind = "allow_once"): Promise<void> {
  for (const open of agent.openPermissions()) {
    await agent.answer(open.requestId, open.options.find((option) => option.kind === kind)?.id);
  }
}

/** Happenings without what differs between two runs of the same story. */
export function comparable(happenings: readonly AgentHappening[]): AgentHappening[] {
  return happenings.map((one) => (one.kind === "started" ? { ...one, sessionId: "any" } : one));
}
