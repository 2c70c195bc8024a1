import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spoolFolder } from "../../sandbox/state-folder.ts";
import type { ThreadPlace, Visitor } from "../../worker/demo/visitor.ts";
import { type Bench, ending, figuresOf, roundsOf } from "./bench.ts";
import { type BenchColony, openBenchColony } from "./bench-colony.ts";

const rounds = roundsOf(8);
const firstPort = 3000;
const stayMs = 9_000;
const lookMs = 50;
const patienceMs = 60_000;

/** Serves one page after the other, each on a port of its own, and says when it listens. */
const server = `import { createServer } from "node:http";
for (let round = 0; round <= ${rounds}; round++) {
  const http = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end("<!doctype html><title>Page " + round + "</title><h1>Page " + round + "</h1>");
  });
  await new Promise((resolve) => http.listen(${firstPort} + round, "127.0.0.1", resolve));
  // As one string: numbers alone would be coloured.
  console.log("listening " + (${firstPort} + round) + " " + Date.now());
  await new Promise((resolve) => setTimeout(resolve, ${stayMs}));
  http.closeAllConnections();
  http.close();
}
`;

/** A server inside begins to listen → its link stands in the thread on the chat page. */
export const bench: Bench = {
  name: "preview",
  async run(say) {
    await using colony = await openBenchColony({ "serve.mjs": server });
    const visitor = await colony.installation.visit();
    const wish = '/colony run --agent "/opt/colony/bin/node serve.mjs" serve pages';
    const root = await visitor.say({ channel: "bench", root: "" }, wish);
    const place = { channel: "bench", root };
    const samples: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const port = firstPort + round;
      const seenMs = await linkSeen(visitor, place, port);
      const listenedMs = await listenedAt(colony, port);
      // The first one waits for the worker's first look into this sandbox.
      if (round > 0) samples.push(seenMs - listenedMs);
      say(`port ${port}: ${seenMs - listenedMs} ms`);
    }
    return [
      {
        name: "listening → link posted",
        unit: "ms",
        ours: figuresOf(samples),
        remark:
          "2 s of it is waiting whether the server stays; a post is edited at most once in 3 s.",
      },
    ];
  },
};

async function linkSeen(visitor: Visitor, place: ThreadPlace, port: number): Promise<number> {
  const deadline = AbortSignal.any([AbortSignal.timeout(patienceMs), ending.signal]);
  const link = new RegExp(`"/preview/[^"]*/${port}"`);
  while (!deadline.aborted) {
    const messages = await visitor.messages(place);
    if (messages.some((message) => link.test(JSON.stringify(message.post ?? {})))) {
      return Date.now();
    }
    await sleep(lookMs);
  }
  ending.signal.throwIfAborted();
  throw new Error(`No link to port ${port} came.`);
}

/** What the server printed, as the keeper wrote it down. */
async function listenedAt({ installation }: BenchColony, port: number): Promise<number> {
  const [task] = await installation.client.tasks();
  const spool = join(spoolFolder(installation.folder, task?.id ?? ""), "turn-p1.out");
  const line = new RegExp(`listening ${port} (\\d+)`).exec(readFileSync(spool, "utf8"));
  if (line === null) throw new Error(`The server did not say that it listens on ${port}.`);
  return Number(line[1]);
}
