import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectKeeper } from "../../../sandbox/keeper/client.ts";
import { openProcessHandle } from "../../../sandbox/keeper/process-handle.ts";

test("an exit that comes in one chunk with the answer is not missed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "colony-keeper-"));
  const socketPath = join(folder, "keeper.sock");
  writeFileSync(join(folder, "agent.out"), "");
  const exit = { exitCode: 137, signal: "SIGKILL", outOfMemory: false };
  const server = createServer((socket) => {
    socket.once("data", (data) => {
      const { id } = JSON.parse(String(data));
      const answer = { id, ok: true, process: { name: "agent", size: 0 } };
      const event = { event: "exit", name: "agent", size: 0, exit };
      socket.write(`${JSON.stringify(answer)}\n${JSON.stringify(event)}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  try {
    const client = await connectKeeper("a", socketPath);
    if (client === undefined) throw new Error("no keeper");
    const { process } = await client.request({ op: "find", name: "agent" });
    if (process == null) throw new Error("no process");
    const handle = openProcessHandle(client, { sandboxId: "a", spoolFolder: folder }, process);
    expect(await handle.exited()).toEqual(exit);
    expect(await Array.fromAsync(handle.output(0))).toEqual([]);
    client[Symbol.dispose]();
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
