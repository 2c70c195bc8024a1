import type {
  AgentContext,
  PermissionOption,
  PlanEntry,
  ToolCallContent,
  ToolKind,
} from "@agentclientprotocol/sdk";

const permissionOptions: PermissionOption[] = [
  { optionId: "allow-once", name: "Allow once", kind: "allow_once" },
  { optionId: "allow-always", name: "Allow for this task", kind: "allow_always" },
  { optionId: "reject", name: "Reject", kind: "reject_once" },
];

/** What the scripted agent tells its client while it plays; ids count up within the process. */
export class Report {
  readonly #client: AgentContext;
  readonly #sessionId: string;
  readonly #said: string[] = [];
  static #nextId = 1;

  constructor(client: AgentContext, sessionId: string) {
    this.#client = client;
    this.#sessionId = sessionId;
  }

  /** Everything said in this turn. */
  said(): string {
    return this.#said.join("");
  }

  /** Streams a text in a few pieces, as a model would. */
  async say(text: string): Promise<void> {
    const ended = text.endsWith("\n") ? text : `${text}\n`;
    this.#said.push(ended);
    for (const piece of ended.match(/[\s\S]{1,24}/g) ?? []) {
      await this.#update({
        sessionUpdate: "agent_message_chunk",
        content: { type: "text", text: piece },
      });
    }
  }

  async plan(entries: readonly string[], current: number): Promise<void> {
    await this.#update({
      sessionUpdate: "plan",
      entries: entries.map(
        (content, index): PlanEntry => ({
          content,
          priority: "medium",
          status: index < current ? "completed" : index === current ? "in_progress" : "pending",
        }),
      ),
    });
  }

  async beginTool(
    title: string,
    kind: ToolKind,
    rawInput: unknown,
    path?: string,
  ): Promise<string> {
    const toolCallId = `tool-${Report.#nextId++}`;
    await this.#update({
      sessionUpdate: "tool_call",
      toolCallId,
      title,
      kind,
      status: "in_progress",
      rawInput,
      ...(path !== undefined && { locations: [{ path }] }),
    });
    return toolCallId;
  }

  /** Output so far. */
  async showOutput(toolCallId: string, output: string): Promise<void> {
    await this.#update({
      sessionUpdate: "tool_call_update",
      toolCallId,
      content: [{ type: "content", content: { type: "text", text: output } }],
    });
  }

  async endTool(
    toolCallId: string,
    ended: {
      readonly failed?: boolean;
      readonly content?: ToolCallContent[];
      readonly exitCode?: number;
    },
  ): Promise<void> {
    await this.#update({
      sessionUpdate: "tool_call_update",
      toolCallId,
      status: ended.failed ? "failed" : "completed",
      ...(ended.content && { content: ended.content }),
      ...(ended.exitCode !== undefined && { rawOutput: { exit_code: ended.exitCode } }),
    });
  }

  /** Asks; answers the kind of the chosen option, or nothing when the turn was cancelled. */
  async ask(title: string): Promise<PermissionOption["kind"] | undefined> {
    const toolCallId = `tool-${Report.#nextId++}`;
    const response = await this.#client.request("session/request_permission", {
      sessionId: this.#sessionId,
      toolCall: { toolCallId, title, kind: "other", status: "pending" },
      options: permissionOptions,
    });
    const { outcome } = response;
    if (outcome.outcome !== "selected") return undefined;
    const chosen = permissionOptions.find((option) => option.optionId === outcome.optionId)?.kind;
    const allowed = chosen === "allow_once" || chosen === "allow_always";
    await this.endTool(toolCallId, { failed: !allowed });
    return chosen;
  }

  async #update(update: Parameters<typeof sendUpdate>[2]): Promise<void> {
    await sendUpdate(this.#client, this.#sessionId, update);
  }
}

/** One `session/update`. */
export function sendUpdate(
  client: AgentContext,
  sessionId: string,
  update: import("@agentclientprotocol/sdk").SessionUpdate,
): Promise<void> {
  return client.notify("session/update", { sessionId, update });
}
