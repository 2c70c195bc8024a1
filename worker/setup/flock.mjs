import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { commandEnvironment } from "./command.mjs";
import { SetupError, say } from "./say.mjs";

/**
 * Does the work while holding an exclusive lock on a file. Node has no flock, so a `flock` child
 * holds it for as long as its standard input is open: if we die, the kernel closes it.
 */
export async function withLock(file, what, work) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  const holder = spawn("flock", ["-x", file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    cwd: "/",
    env: commandEnvironment(),
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C must not drop the lock before the work that it protects has stopped.
    detached: true,
  });
  const closed = new Promise((resolve) => holder.on("close", resolve));
  const slow = setTimeout(() => say(`waiting for another set-up that is ${what} …`), 1000);
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once("data", resolve);
      holder.on("error", reject);
      holder.on("close", (code) => reject(new Error(`flock ended with ${code}`)));
    }).catch((cause) => {
      throw new SetupError(`cannot lock ${file}: ${cause.message}`, { cause });
    });
    clearTimeout(slow);
    return await work();
  } finally {
    clearTimeout(slow);
    holder.stdin.end();
    await closed;
  }
}
