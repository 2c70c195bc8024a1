import type { ChildProcess } from "node:child_process";
import { dirname, extname, join } from "node:path";
import { seeingOnly } from "../../../sandbox/sandbox.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";
import { hostPath } from "../../process/host-path.ts";
import { asNobody } from "../../process/lowered.ts";
import { diesWithUs, startProcess } from "../../process/start-process.ts";
import type { SystemUser } from "../../process/system-user.ts";
import { maxAnswerBytes, parseAnswer, renderQuestion } from "./emulator-protocol.ts";

/** Emulates terminals in a process of its own. */
export interface Emulator extends Disposable {
  /** Lines that a terminal would show; never fails: what cannot be emulated is one line that says so. */
  render(bytes: Uint8Array): Promise<readonly string[]>;
  pid(): number | undefined;
}

const answerTimeoutMs = 10_000;
const unreadable = ["(this terminal's output cannot be shown)"];

/**
 * The process is started with the first question, as the unprivileged user without any right, and
 * again after one that it did not survive.
 */
export function openEmulator(place: {
  readonly user: Pick<SystemUser, "uid" | "gid">;
  readonly nodePath: string;
  /** A copy of our code that the user may read. */
  readonly codeRoot: string;
  readonly folder: StateFolder;
}): Emulator {
  let child: ChildProcess | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function living(): Promise<ChildProcess> {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return child;
    const name = `emulator-main${extname(import.meta.filename)}`;
    const main = join(place.codeRoot, "worker/agent/terminal", name);
    const readable = [place.codeRoot, dirname(place.nodePath)];
    const argv = [
      ...(await seeingOnly(place.folder, readable)),
      place.nodePath,
      "--max-old-space-size=128",
      "--max-semi-space-size=2",
      main,
    ];
    child = await startProcess({
      argv: [...asNobody(place.user), ...diesWithUs("KILL"), ...argv],
      env: { PATH: hostPath },
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin?.on("error", () => undefined);
    return child;
  }

  async function ask(bytes: Uint8Array): Promise<readonly string[]> {
    try {
      const asked = await living();
      try {
        asked.stdin?.write(renderQuestion(bytes));
        return parseAnswer(await nextLine(asked));
      } catch (error) {
        // Its next answer would be one to this question.
        asked.kill("SIGKILL");
        child = undefined;
        throw error;
      }
    } catch {
      return unreadable;
    }
  }

  return {
    render(bytes) {
      const answer = turn.then(() => ask(bytes));
      turn = answer;
      return answer;
    },
    pid: () => child?.pid,
    [Symbol.dispose]() {
      child?.kill("SIGKILL");
    },
  };
}

/** One line, bounded in length and time. */
function nextLine(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (chunk.at(-1) === 10) resolve(Buffer.concat(chunks).toString("utf8"));
    else if (length > maxAnswerBytes) reject(new Error("the answer is too long"));
  };
  const end = () => reject(new Error("the emulator has ended"));
  const timer = setTimeout(() => reject(new Error("no answer in time")), answerTimeoutMs);
  child.stdout?.on("data", take);
  child.once("exit", end);
  return promise.finally(() => {
    clearTimeout(timer);
    child.stdout?.off("data", take);
    child.off("exit", end);
  });
}
