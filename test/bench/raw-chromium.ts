import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** Chromium driven by its own protocol and nothing else: the peer of a capture. */
export interface RawChromium extends AsyncDisposable {
  readonly pid: number;
  /** Opens the page in a context of its own, waits for its load, takes the picture, closes. */
  shoot(url: string): Promise<Buffer>;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: Readonly<Record<string, string>>;
}

export async function openRawChromium(program: string): Promise<RawChromium> {
  const profile = await mkdtemp(join(tmpdir(), "colony-raw-"));
  const child = spawn(
    program,
    ["--remote-debugging-pipe", "--no-sandbox", `--user-data-dir=${profile}`, "about:blank"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
  );
  const send = talk(child);
  return {
    pid: child.pid!,
    shoot: (url) => shoot(send, url),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Send = ReturnType<typeof talk>;

function talk(child: ChildProcess) {
  const [, , , input, output] = child.stdio as unknown as [0, 0, 0, Writable, Readable];
  const waiting = new Map<number | string, (answer: Answer) => void>();
  let buffered = Buffer.alloc(0);
  let lastId = 0;
  output.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let end = buffered.indexOf(0); end >= 0; end = buffered.indexOf(0)) {
      const answer = JSON.parse(buffered.toString("utf8", 0, end)) as Answer;
      buffered = buffered.subarray(end + 1);
      const key = answer.id ?? `${answer.method} ${answer.sessionId}`;
      waiting.get(key)?.(answer);
      waiting.delete(key);
    }
  });
  return {
    async call(method: string, params: object, sessionId?: string) {
      const id = ++lastId;
      const { promise, resolve } = Promise.withResolvers<Answer>();
      waiting.set(id, resolve);
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      return (await promise).result ?? {};
    },
    async event(method: string, sessionId: string) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      waiting.set(`${method} ${sessionId}`, resolve);
      await promise;
    },
  };
}

async function shoot(send: Send, url: string): Promise<Buffer> {
  const { browserContextId } = await send.call("Target.createBrowserContext", {});
  const size = { width: 1280, height: 800 };
  const { targetId } = await send.call("Target.createTarget", {
    url: "about:blank",
    browserContextId,
    ...size,
  });
  const { sessionId } = await send.call("Target.attachToTarget", { targetId, flatten: true });
  await send.call("Page.enable", {}, sessionId);
  const loaded = send.event("Page.loadEventFired", sessionId!);
  await send.call("Page.navigate", { url }, sessionId);
  await loaded;
  const { data } = await send.call("Page.captureScreenshot", { format: "png" }, sessionId);
  await send.call("Target.disposeBrowserContext", { browserContextId });
  return Buffer.from(data!, "base64");
}
