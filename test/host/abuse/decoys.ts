import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startCommand } from "../../../sandbox/command.ts";
import { systemEnvironment } from "../../../sandbox/host-environment.ts";
import type { Place } from "./place.ts";

/** Arms the host: what every probe looks for is there, until it is disposed of. */
export async function armHost(place: Place): Promise<AsyncDisposable> {
  const child = startCommand({
    argv: ["python3", join(place.inside, "decoys.py"), join(place.inside, "decoys.json")],
    env: systemEnvironment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("no pipe");
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`The decoys ended with ${code}.`);
    }),
  ]);
  if (line !== "armed") throw new Error(`The decoys said: ${line}`);
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.stdin?.end();
      await ended;
    },
  };
}
