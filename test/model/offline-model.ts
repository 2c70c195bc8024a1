import { LLMock } from "@copilotkit/aimock";
import { z } from "zod";
import { decideAnswer, type ModelRequest } from "./script.ts";

const messageSchema = z.looseObject({
  role: z.string(),
  content: z
    .union([z.string(), z.array(z.looseObject({ text: z.string().optional() })), z.null()])
    .optional(),
});
const toolSchema = z.looseObject({
  function: z.looseObject({
    name: z.string(),
    parameters: z
      .looseObject({
        properties: z.record(z.string(), z.looseObject({})).optional(),
        required: z.array(z.string()).optional(),
      })
      .optional(),
  }),
});

/** One usage for every API: each reads the names that it knows. */
const usage = {
  prompt_tokens: 120,
  completion_tokens: 30,
  total_tokens: 150,
  input_tokens: 120,
  output_tokens: 30,
  promptTokenCount: 120,
  candidatesTokenCount: 30,
  totalTokenCount: 150,
};

/** A model without a network: Anthropic, OpenAI chat and responses, and Gemini on one port. */
export interface OfflineModel extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Requests so far that offered tools. */
  asked(): number;
}

/** Starts it. `workspace`: where the agents see their files. */
export async function openOfflineModel(workspace: string): Promise<OfflineModel> {
  let asked = 0;
  const mock = new LLMock({ port: 0, host: "127.0.0.1" });
  mock.on({}, (request) => {
    const readable: ModelRequest = {
      messages: request.messages.flatMap((message) => readMessage(message)),
      tools: (request.tools ?? []).flatMap((tool) => readTool(tool)),
    };
    if (readable.tools.length > 0) asked++;
    const answer = decideAnswer(readable, workspace);
    if (answer.kind === "text") return { content: answer.text, usage };
    return { toolCalls: [{ name: answer.name, arguments: JSON.stringify(answer.args) }], usage };
  });
  await mock.start();
  return {
    url: mock.url,
    port: Number(new URL(mock.url).port),
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      await mock.stop();
    },
  };
}

function readMessage(message: unknown): ModelRequest["messages"] {
  const parsed = messageSchema.safeParse(message);
  if (!parsed.success) return [];
  const { role, content } = parsed.data;
  const text =
    typeof content === "string"
      ? content
      : (content ?? []).map((part) => part.text ?? "").join("\n");
  return [{ role, text }];
}

function readTool(tool: unknown): ModelRequest["tools"] {
  const parsed = toolSchema.safeParse(tool);
  if (!parsed.success) return [];
  const { name, parameters } = parsed.data.function;
  return [{ name, properties: parameters?.properties ?? {}, required: parameters?.required ?? [] }];
}
