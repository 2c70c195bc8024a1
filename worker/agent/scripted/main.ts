import { Writable } from "node:stream";
import { agent, ndJsonStream } from "@agentclientprotocol/sdk";
import { serveScripted } from "./serve-acp.ts";

/** The scripted agent: speaks ACP on its stdio, asks no model, and says so. */
const app = agent({ name: "colony-scripted" });
serveScripted(app, (text) => writeOut(text));
const connection = app.connect(ndJsonStream(Writable.toWeb(process.stdout), readInput()));
await connection.closed;
process.exit(0);

function writeOut(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

function readInput(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      process.stdin.on("data", (bytes: Buffer) => controller.enqueue(new Uint8Array(bytes)));
      process.stdin.on("end", () => controller.close());
    },
  });
}
