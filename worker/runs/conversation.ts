import type { Agent, AgentNews } from "../agent/agent.ts";
import { PermissionGoneError } from "../agent/agent.ts";
import type { ArtifactRef } from "../protocol/change.ts";
import type { Prompt } from "../protocol/task.ts";
import type { Lease } from "./lease.ts";
import type { LimitWatch } from "./limit-watch.ts";
import { decideNews, longOutput } from "./news.ts";
import { decideAsk, decidePrompt, decideStep, type Step } from "./steps.ts";

/** How a spell of conversation ended. */
export type ConversationEnd =
  | { readonly kind: "finished" }
  | { readonly kind: "waiting" }
  /** `orderly`: the agent ended its turn; else it is still at work and must be killed. */
  | { readonly kind: "stopped"; readonly orderly: boolean }
  | {
      readonly kind: "failed";
      readonly failure: { readonly kind: string; readonly sentence: string };
    };

export interface ConversationOptions {
  /** How a person's words are put to the agent (with a conflict's description, for example). */
  readonly toText: (prompt: Prompt) => string;
  /** Called after each tool call that ended: the files may have changed. */
  readonly onWork: () => void;
  /** Time for an agent to end its turn when it is told to stop. */
  readonly graceMs: number;
  readonly limits: LimitWatch;
  /** Keeps an output that is longer than its excerpt, as a file of the thread. */
  readonly keepOutput: (text: string) => Promise<ArtifactRef>;
}

/**
 * Talks with the agent until its prompts are done, a person must answer, or a stop. Every step is
 * decided on the task as it is in Redis, so that another driver may go on at any point.
 */
export async function converse(
  agent: Agent,
  lease: Lease,
  options: ConversationOptions,
): Promise<ConversationEnd> {
  const news = agent.news()[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<AgentNews>> | undefined;
  let cancelling = false;
  const { limits } = options;
  limits.begin();
  const over = limits.over.then((failure) => ({ over: failure }));
  const inFlight = lease.task().promptInFlight;
  if (inFlight !== undefined) await agent.prompt(inFlight.key, inFlight.text);

  for (;;) {
    const waking = new AbortController();
    const changed = lease.changed(waking.signal).then(() => "changed" as const);
    try {
      const task = await lease.transact(() => undefined);
      const step = decideStep(task, { openPermissions: agent.openPermissions(), cancelling });
      const end = await take(step);
      if (end === "again") continue;
      if (end !== undefined) return end;
      pending ??= news.next();
      const first = await Promise.race([pending, changed, over]);
      if (first === "changed") continue;
      if ("over" in first) return { kind: "failed", failure: first.over };
      pending = undefined;
      const ended = await hear(first);
      if (ended !== undefined) return ended;
    } finally {
      waking.abort();
    }
  }

  async function take(step: Step): Promise<ConversationEnd | "again" | undefined> {
    switch (step.kind) {
      case "stop":
        return {
          kind: "stopped",
          orderly: await stopTurn(agent, lease, news, pending, options.graceMs),
        };
      case "answer":
        await answer(step.requestId, step.optionId);
        return "again";
      case "interrupt":
        cancelling = true;
        await agent.cancel();
        return "again";
      case "ask":
        await lease.transact((task) => decideAsk(task, step.permission, Date.now()));
        return { kind: "waiting" };
      case "prompt": {
        cancelling = false;
        const { promptInFlight } = await lease.transact((task) =>
          decidePrompt(task, options.toText),
        );
        if (promptInFlight !== undefined)
          await agent.prompt(promptInFlight.key, promptInFlight.text);
        return "again";
      }
      case "finish":
        return { kind: "finished" };
      case "listen":
        return undefined;
    }
  }

  async function answer(requestId: string, optionId: string): Promise<void> {
    try {
      await agent.answer(requestId, optionId);
    } catch (error) {
      if (!(error instanceof PermissionGoneError)) throw error;
    }
    await lease.transact((task) => {
      const { permissionAnswer: _, permission: _p, ...rest } = task;
      return { task: rest, events: [] };
    });
  }

  async function hear(result: IteratorResult<AgentNews>): Promise<ConversationEnd | undefined> {
    if (result.done === true) return failed("agent-gone", "The agent is gone without a word.");
    const { happening } = result.value;
    limits.heard();
    if (happening.kind === "turn-ended" && happening.promptKey !== lease.task().promptInFlight?.key)
      return undefined;
    const long = longOutput(result.value);
    const whole = long === undefined ? undefined : await options.keepOutput(long);
    await lease.transact((task) => decideNews(task, result.value, whole));
    if (happening.kind === "tool" && happening.tool.status !== "in_progress") options.onWork();
    if (happening.kind === "turn-ended") {
      cancelling = false;
      if (happening.stopReason === "failed")
        return died("agent-failed", happening.sentence ?? "The agent failed.");
      if (happening.stopReason === "refusal")
        return failed("agent-refused", "The agent refused the request.");
    }
    if (happening.kind === "trouble" && happening.fatal)
      return failed(happening.trouble, happening.sentence);
    if (happening.kind === "exited" && lease.task().promptInFlight !== undefined) {
      return died("agent-exited", exitSentence(happening.exit, happening.lastLines));
    }
    return undefined;
  }

  /** A limit that killed it says more than its exit code. */
  function died(kind: string, sentence: string): ConversationEnd {
    const failure = limits.explain();
    return failure === undefined ? failed(kind, sentence) : { kind: "failed", failure };
  }
}

/** Asks the agent to end its turn, and listens to its last words for a while; whether it did. */
async function stopTurn(
  agent: Agent,
  lease: Lease,
  news: AsyncIterator<AgentNews>,
  pending: Promise<IteratorResult<AgentNews>> | undefined,
  graceMs: number,
): Promise<boolean> {
  if (lease.task().promptInFlight === undefined) return true;
  await agent.cancel();
  const over = Promise.withResolvers<"over">();
  const timer = setTimeout(() => over.resolve("over"), graceMs);
  try {
    for (let next = pending; ; next = undefined) {
      const result = await Promise.race([next ?? news.next(), over.promise]);
      if (result === "over") return false;
      if (result.done === true) return true;
      await lease.transact((task) => decideNews(task, result.value));
      if (result.value.happening.kind === "turn-ended") return true;
    }
  } finally {
    clearTimeout(timer);
  }
}

function failed(kind: string, sentence: string): ConversationEnd {
  return { kind: "failed", failure: { kind, sentence } };
}

function exitSentence(exit: { exitCode: number | null }, lastLines: readonly string[]): string {
  const how = `ended with exit code ${exit.exitCode ?? "none"}`;
  const said = lastLines.filter((line) => line.trim() !== "").slice(-5);
  return said.length === 0
    ? `The agent ${how} before it was done.`
    : `The agent ${how}:\n${said.join("\n")}`;
}
