import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type StateFolder, stateFolder } from "../../../sandbox/state-folder.ts";
import {
  closeRunSocket,
  openRunSocket,
  prepareGatewayFolder,
  readRunAccount,
} from "../../../worker/gateway/client.ts";

const key = "the-real-key-of-the-host";
const stack = new AsyncDisposableStack();
const models = new LLMock({ port: 0 });
let folder: StateFolder;
/** A provider's server that shows what reaches it, and can stay silent in mid-stream. */
const seen: IncomingMessage[] = [];
let streaming: ServerResponse | undefined;

beforeAll(async () => {
  const home = await mkdtemp("/tmp/colony-gw-");
  stack.defer(() => rm(home, { recursive: true, force: true }));
  folder = stateFolder(home);
  const usage = { input_tokens: 11, output_tokens: 5, prompt_tokens: 11, completion_tokens: 5 };
  models.onMessage("hello", { content: "Good day.", usage });
  await models.start();
  stack.defer(() => models.stop());
  const gemini = createServer((incoming, response) => {
    seen.push(incoming);
    incoming.resume();
    response.writeHead(200, { "content-type": "text/event-stream", "set-cookie": "a=b" });
    response.write('data: {"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":1}}\n\n');
    streaming = response;
  });
  gemini.listen(0, "127.0.0.1");
  await once(gemini, "listening");
  stack.defer(() => {
    gemini.close();
    gemini.closeAllConnections();
  });
  const address = gemini.address();
  await prepareGatewayFolder(folder, {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  await startGateway(typeof address === "object" ? (address?.port ?? 0) : 0);
});
afterAll(() => stack.disposeAsync());

let stopGateway: () => Promise<void>;
let geminiPort: number;

async function startGateway(port: number): Promise<void> {
  geminiPort = port;
  const main = join(import.meta.dirname, "../../../worker/gateway/main.ts");
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      COLONY_HOME: folder.home,
      ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: key,
      OPENAI_BASE_URL: `${models.url}/v1`,
      OPENAI_API_KEY: key,
      GEMINI_BASE_URL: `http://127.0.0.1:${port}`,
      GEMINI_API_KEY: key,
    },
  });
  stopGateway = async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  stack.defer(() => stopGateway());
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function call(socketPath: string, path: string, body: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "x-api-key": "dummy" };
    const outgoing = request({ socketPath, path, method: "POST", headers }, async (reply) => {
      resolve({ status: reply.statusCode ?? 0, body: await text(reply) });
    });
    outgoing.on("error", reject).end(JSON.stringify(body));
  });
}

const messages = [{ role: "user", content: "hello" }];

test.each([
  [
    "Anthropic, streaming",
    "/v1/messages",
    { model: "claude-sonnet-4-5", max_tokens: 9, stream: true, messages },
  ],
  ["Anthropic", "/v1/messages", { model: "claude-sonnet-4-5", max_tokens: 9, messages }],
  ["OpenAI chat, streaming", "/v1/chat/completions", { model: "gpt-5", stream: true, messages }],
  [
    "OpenAI responses, streaming",
    "/v1/responses",
    { model: "gpt-5", stream: true, input: "hello" },
  ],
])("%s: the reply passes and its usage is counted", async (name, path, body) => {
  const id = name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const socketPath = await openRunSocket(folder, id);
  const answer = await call(socketPath, path, body);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatch(/Good|day/);
  await vi.waitFor(async () => expect((await readRunAccount(folder, id))?.requests).toBe(1));
  const account = await readRunAccount(folder, id);
  expect(account).toMatchObject({ inputTokens: 11, outputTokens: 5 });
  expect(account?.costUsd).toBeGreaterThan(0);
  expect(account?.unpricedModels).toEqual([]);
});

test("a run at the end of its budget gets 402 in the provider's own words", async () => {
  const socketPath = await openRunSocket(folder, "spent", { maxTokens: 1 });
  const body = { model: "claude-sonnet-4-5", max_tokens: 9, messages };
  expect((await call(socketPath, "/v1/messages", body)).status).toBe(200);
  await vi.waitFor(async () => expect((await readRunAccount(folder, "spent"))?.requests).toBe(1));
  const answer = await call(socketPath, "/v1/messages", body);
  expect(answer.status).toBe(402);
  expect(JSON.parse(answer.body)).toMatchObject({
    type: "error",
    error: { type: "billing_error" },
  });
  expect(await readRunAccount(folder, "spent")).toMatchObject({ requests: 1, refused: 1 });
  await openRunSocket(folder, "spent", { maxTokens: 1_000_000 });
  expect((await call(socketPath, "/v1/messages", body)).status).toBe(200);
});

test("other endpoints of a provider are not reachable", async () => {
  const socketPath = await openRunSocket(folder, "narrow");
  const answer = await call(socketPath, "/v1/embeddings", { model: "x", input: "hello" });
  expect(answer.status).toBe(404);
  expect(answer.body).toContain("serves models only");
});

test("the real key goes out, the dummy and the provider's cookies do not pass, and a cancel closes upstream", async () => {
  const socketPath = await openRunSocket(folder, "cancelled");
  const path = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=dummy";
  const outgoing = request({
    socketPath,
    path,
    method: "POST",
    headers: { "x-goog-api-key": "dummy" },
  });
  outgoing.on("error", () => {}).end("{}");
  const [reply] = await once(outgoing, "response");
  expect(reply.headers["set-cookie"]).toBeUndefined();
  await once(reply, "data");
  const upstream = seen.at(-1);
  expect(upstream?.headers["x-goog-api-key"]).toBe(key);
  expect(upstream?.url).toBe("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
  const closed = new Promise<void>((resolve) => streaming?.once("close", () => resolve()));
  outgoing.destroy();
  await closed;
  await vi.waitFor(async () => {
    expect(await readRunAccount(folder, "cancelled")).toMatchObject({
      requests: 1,
      inputTokens: 7,
    });
  });
});

test("sockets and accounts are there again after a restart", async () => {
  const socketPath = await openRunSocket(folder, "lasting");
  const body = { model: "gpt-5", messages };
  await call(socketPath, "/v1/chat/completions", body);
  await vi.waitFor(async () => expect((await readRunAccount(folder, "lasting"))?.requests).toBe(1));
  await stopGateway();
  await startGateway(geminiPort);
  await vi.waitFor(
    async () => expect((await call(socketPath, "/v1/chat/completions", body)).status).toBe(200),
    { timeout: 20_000, interval: 100 },
  );
  await vi.waitFor(async () => expect((await readRunAccount(folder, "lasting"))?.requests).toBe(2));
});

test("a closed run is gone, and closing it again changes nothing", async () => {
  const socketPath = await openRunSocket(folder, "ended");
  await closeRunSocket(folder, "ended");
  await closeRunSocket(folder, "ended");
  await expect(call(socketPath, "/v1/messages", {})).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  expect(
    (await readdir(join(folder.home, "gateway"))).filter((n) => n.startsWith("ended")),
  ).toEqual([]);
});
