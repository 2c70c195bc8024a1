import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { takeFileLock } from "../../process/file-lock.ts";
import { openClient } from "../../protocol/client.ts";
import { mintSignIn } from "../../protocol/sign-in.ts";
import { type AdminSettings, readAdminSettings } from "../../settings/admin-settings.ts";
import { isSupervised, takeClientsLock } from "../ensure-supervisor.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { openInterrupts } from "../interrupts.ts";
import {
  type Cli,
  type Identity,
  type Invocation,
  openInvocation,
  readIdentity,
} from "../invocation.ts";
import { ownInvitation } from "../own-invitation.ts";
import { requireFreePort } from "../ports.ts";
import { controlAddress, keepBot, keepWorker } from "../programs.ts";

interface UpOptions {
  readonly port?: string;
  readonly quiet?: boolean;
}

/** What runs in the foreground: all of it, or one half on a host of its own. */
type Part = "up" | "worker" | "bot";

const descriptions: Record<Part, string> = {
  up: "everything on this machine: Redis, worker, bot and chat page, until Ctrl-C",
  worker: "only this host's worker, until Ctrl-C",
  bot: "only the bot and its chat page, until Ctrl-C",
};

export function addUpCommands(program: Command, cli: Cli): void {
  for (const part of ["up", "worker", "bot"] as const) {
    const command = program
      .command(part)
      .description(descriptions[part])
      .option("--quiet", "say nothing unless something is wrong");
    if (part !== "worker") command.option("--port <port>", "of the chat page");
    command.action(async () => {
      process.exitCode = await up(openInvocation(cli, command), part, command.opts());
    });
  }
}

async function up(invocation: Invocation, part: Part, options: UpOptions): Promise<number> {
  const { config, cli, voice } = invocation;
  const say = (line: string) => {
    if (options.quiet !== true) voice.say(line);
  };
  using _lock = await takePartLock(invocation, part);
  using clients = await takeClientsLock(config);
  const admin = await readAdminSettings(config.configFile);
  const port = decidePort(options, admin, cli);
  const identity = await readIdentity(invocation);
  if (part !== "worker") {
    await requireFreePort(
      port,
      "the chat page",
      "choose another: colony up --port N, or `port` in config.yml",
    );
  }
  const parts = { config, admin, environment: cli.environment };
  using interrupts = openInterrupts(() => say("Ending in order … (Ctrl-C again leaves at once)"));
  await using stack = new AsyncDisposableStack();
  // Without us there may be no command left to serve: those that wait have locks of their own.
  stack.defer(() => clients[Symbol.dispose]());
  const failures: Promise<never>[] = [];
  if (part !== "bot") {
    if (!(await isSupervised(config))) {
      const previewPort = admin.previewPort ?? config.previewPort;
      await requireFreePort(previewPort, "previews", "set another as `previewPort` in config.yml");
    }
    const worker = stack.use(await keepWorker(parts, (line) => voice.note(line)));
    failures.push(worker.failed);
  }
  if (part !== "worker" && !interrupts.signal.aborted) {
    const { caller } = identity;
    const bot = stack.use(await keepBot({ ...parts, port, caller }, (line) => voice.note(line)));
    failures.push(bot.failed);
  }
  say(`Colony is up; state folder ${config.folder.home}.`);
  if (part !== "worker") say(await signInLine(invocation, identity, port));
  await Promise.race([untilAborted(interrupts.signal), ...failures]);
  return exitCodes.ok;
}

/** Flag, administrator, environment, default. Pure but for the thrown sentence. */
export function decidePort(options: UpOptions, admin: AdminSettings, cli: Cli): number {
  const text =
    options.port ?? (admin.port === undefined ? cli.environment.PORT : `${admin.port}`) ?? "7788";
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw new CliError(
    exitCodes.usage,
    `${JSON.stringify(text)} is no port; expected a number from 1 to 65535.`,
  );
}

async function signInLine(
  { config }: Invocation,
  identity: Identity,
  port: number,
): Promise<string> {
  await using client = openClient(controlAddress(config));
  const token = await mintSignIn(client.redis, ownInvitation(identity));
  return `Open this once, within 15 minutes: http://127.0.0.1:${port}/sign-in?token=${token}`;
}

/** Two of a kind on one state folder would take each other's work. */
async function takePartLock({ config }: Invocation, part: Part) {
  const { home } = config.folder;
  const path = join(home, part === "worker" ? "worker.up.lock" : "up.lock");
  try {
    await mkdir(home, { recursive: true, mode: 0o755 });
    const lock = await takeFileLock({ path, kind: "exclusive", timeoutMs: 0 });
    if (lock !== undefined) return lock;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new CliError(
      exitCodes.host,
      `The state folder ${home} cannot be written${code}; choose another with --home.`,
      { cause },
    );
  }
  throw new CliError(
    exitCodes.host,
    `Colony is up on ${home} already; stop that one first, or choose another folder with --home.`,
  );
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
