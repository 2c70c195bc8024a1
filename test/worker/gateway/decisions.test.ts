import { expect, test } from "vitest";
import { charge, decideBudget, newAccount } from "../../../worker/gateway/account.ts";
import { parseGatewayConfig } from "../../../worker/gateway/config.ts";
import { upstreamHeaders, upstreamQuery } from "../../../worker/gateway/forward.ts";
import { costOf } from "../../../worker/gateway/prices.ts";
import { modelRequest, type UsageShape } from "../../../worker/gateway/providers.ts";
import { ReplyReader } from "../../../worker/gateway/reply-reader.ts";
import { withUsageAsked } from "../../../worker/gateway/request-body.ts";

test.each([
  ["POST", "/v1/messages", "anthropic", "/v1/messages"],
  ["POST", "/v1/messages/count_tokens", "anthropic", "/v1/messages/count_tokens"],
  ["POST", "/v1/chat/completions", "openai", "/chat/completions"],
  ["POST", "/v1/responses", "openai", "/responses"],
  ["GET", "/v1/models", "openai", "/models"],
  [
    "POST",
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
    "gemini",
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
  ],
] as const)("%s %s goes to %s", (method, path, provider, upstream) => {
  expect(modelRequest(method, path, {})).toMatchObject({ provider, path: upstream });
});

test.each([
  ["GET", "/v1/files"],
  ["POST", "/v1/files"],
  ["DELETE", "/v1/models/x"],
  ["POST", "/v1/organization/api_keys"],
  ["POST", "/v1/messages/../files"],
  ["GET", "/v1/models/../files"],
  ["POST", "/v1//messages"],
  ["POST", "/v1/messages%2f..%2ffiles"],
  ["POST", "/v1beta/models/x:batchDelete"],
  ["POST", "/v1/messages/batches"],
  ["GET", "/"],
])("%s %s goes nowhere", (method, path) => {
  expect(modelRequest(method, path, {})).toBeUndefined();
});

const config = parseGatewayConfig({
  COLONY_HOME: "/x",
  ANTHROPIC_API_KEY: "real-a",
  GEMINI_API_KEY: "real-g",
  OPENAI_BASE_URL: "http://127.0.0.1:9/v1/",
  OPENAI_API_KEY: "",
});

test("the dummy key is taken off and the real one put in", () => {
  const dummy = {
    authorization: "Bearer dummy",
    "x-api-key": "dummy",
    "x-goog-api-key": "dummy",
    cookie: "a=b",
    host: "127.0.0.1:4010",
    "anthropic-version": "2023-06-01",
  };
  expect(upstreamHeaders(dummy, config.upstreams.anthropic)).toEqual({
    "anthropic-version": "2023-06-01",
    "accept-encoding": "identity",
    "x-api-key": "real-a",
  });
  expect(JSON.stringify(upstreamHeaders(dummy, config.upstreams.openai))).not.toContain("dummy");
  expect(upstreamQuery("alt=sse&key=dummy")).toBe("?alt=sse");
  expect(upstreamQuery("key=dummy")).toBe("");
});

test("an empty key counts as none", () => {
  expect(config.upstreams.openai).toMatchObject({ isDefault: false, keyName: "OPENAI_API_KEY" });
  expect(config.upstreams.openai.auth).toBeUndefined();
});

function read(shape: UsageShape, type: string, text: string, step: number) {
  const reader = new ReplyReader(shape, type);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  return reader.usage();
}

const sse = (...pieces: object[]) =>
  pieces.map((piece) => `event: x\ndata: ${JSON.stringify(piece)}\n\n`).join("");

test.each([1, 7, 10_000])("usage is read from a stream in pieces of %i bytes", (step) => {
  const anthropic = sse(
    {
      type: "message_start",
      message: {
        model: "claude-sonnet-4-5",
        usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 },
      },
    },
    { type: "content_block_delta", delta: { text: "wörds" } },
    { type: "message_delta", usage: { output_tokens: 42 } },
  );
  expect(read("anthropic", "text/event-stream; charset=utf-8", anthropic, step)).toEqual({
    model: "claude-sonnet-4-5",
    inputTokens: 10,
    cacheReadTokens: 5,
    cacheWriteTokens: 0,
    outputTokens: 42,
  });
  const chat = sse(
    { model: "gpt-5", choices: [], usage: null },
    {
      model: "gpt-5",
      choices: [],
      usage: {
        prompt_tokens: 30,
        completion_tokens: 4,
        prompt_tokens_details: { cached_tokens: 20 },
      },
    },
  );
  expect(read("openai-chat", "text/event-stream", `${chat}data: [DONE]\n\n`, step)).toMatchObject({
    inputTokens: 10,
    cacheReadTokens: 20,
    outputTokens: 4,
  });
  const responses = sse({
    type: "response.completed",
    response: { model: "gpt-5", usage: { input_tokens: 3, output_tokens: 2 } },
  });
  expect(read("openai-responses", "text/event-stream", responses, step)).toMatchObject({
    model: "gpt-5",
    inputTokens: 3,
    outputTokens: 2,
  });
  const gemini = sse(
    {
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 1 },
      modelVersion: "gemini-2.5-pro",
    },
    { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 6, thoughtsTokenCount: 2 } },
  );
  expect(read("gemini", "text/event-stream", gemini, step)).toMatchObject({
    model: "gemini-2.5-pro",
    inputTokens: 9,
    outputTokens: 8,
  });
});

test("usage is read from plain JSON, and from Gemini's array", () => {
  const json = JSON.stringify({ model: "m", usage: { input_tokens: 1, output_tokens: 2 } });
  expect(read("anthropic", "application/json", json, 5)).toMatchObject({ outputTokens: 2 });
  const array = JSON.stringify([
    { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 3 } },
  ]);
  expect(read("gemini", "application/json", array, 5)).toMatchObject({ outputTokens: 3 });
});

test("a broken or foreign reply has no usage and does no harm", () => {
  expect(read("anthropic", "application/json", "{broken usage", 3)).toBeUndefined();
  expect(read("anthropic", "text/event-stream", 'data: {"usage": "none"}\n', 3)).toBeUndefined();
  const endless = `data: ${"x".repeat(3 * 2 ** 20)}\n${sse({ usage: { output_tokens: 5 } })}`;
  expect(read("anthropic", "text/event-stream", endless, 65_536)).toMatchObject({
    outputTokens: 5,
  });
});

test("a chat stream is made to say what it used; other bodies pass as they are", () => {
  const body = Buffer.from('{"model":"m","stream":true,"messages":[],"x":1}');
  expect(JSON.parse(withUsageAsked("openai-chat", body).toString())).toEqual({
    model: "m",
    stream: true,
    messages: [],
    x: 1,
    stream_options: { include_usage: true },
  });
  expect(withUsageAsked("openai-responses", body)).toBe(body);
  const broken = Buffer.from("{");
  expect(withUsageAsked("openai-chat", broken)).toBe(broken);
});

test("the longest name that fits gives the price; an unknown model counts as the dearest", () => {
  const usage = { inputTokens: 1e6, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };
  expect(costOf({ ...usage, model: "gpt-5-mini-2025" })).toEqual({ usd: 0.25, known: true });
  expect(costOf({ ...usage, model: "anthropic/claude-sonnet-4-5" })).toEqual({
    usd: 3,
    known: true,
  });
  expect(costOf({ ...usage, model: "mystery" })).toEqual({ usd: 15, known: false });
});

test("a budget refuses once it is used up", () => {
  const usage = {
    model: "m",
    inputTokens: 60,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 40,
  };
  const fresh = newAccount({ maxTokens: 150 });
  expect(decideBudget(fresh)).toBeUndefined();
  const once = charge(fresh, usage);
  expect(decideBudget(once)).toBeUndefined();
  expect(decideBudget(charge(once, usage))).toContain("150 tokens");
  expect(decideBudget({ ...fresh, budget: { maxUsd: 1 }, costUsd: 1 })).toContain("1 USD");
  expect(decideBudget({ ...fresh, budget: {} })).toBeUndefined();
});
