import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Client, openClient } from "../../../worker/protocol/client.ts";
import { type Invitation, mintSignIn, type Role } from "../../../worker/protocol/sign-in.ts";
import type { Person } from "../../../worker/protocol/task.ts";
import { bundlePages } from "../../../worker/setup/browser-bundle.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

export const ada: Person = { id: "local:ada", name: "Ada Lovelace", email: "ada@example.org" };

/** Who a link is for, and the channel that it leads to. */
type Guest = Invitation["person"] & { readonly channel?: string };

function invitationOf({ channel, ...person }: Guest, role: Role): Invitation {
  return { person, role, ...(channel === undefined ? {} : { channel }) };
}

/** A bot process that can be killed. */
export interface BotProcess extends AsyncDisposable {
  readonly address: string;
  readonly process: ChildProcess;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
}

/** A real Redis on a socket of its own, and the real bot on it. */
export interface Installation extends AsyncDisposable {
  readonly home: string;
  readonly redisPath: string;
  readonly client: Client;
  /** Path of a repository, and of another one. */
  readonly shop: string;
  readonly other: string;
  readonly env: Record<string, string>;
  startBot(): Promise<BotProcess>;
  /** Stops Redis, keeping its data; answers how to start it again. */
  stopRedis(): Promise<() => Promise<void>>;
  signInLink(bot: BotProcess, guest?: Guest, role?: Role): Promise<string>;
  /** Signs in as a browser would; answers the cookie. */
  signIn(bot: BotProcess, person?: Person, role?: Role): Promise<string>;
}

export async function openInstallation(): Promise<Installation> {
  await using undo = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "colony-bot-"));
  undo.defer(() => rm(home, { recursive: true, force: true }));
  await bundlePages(root, join(root, "dist"));
  await mkdir(join(home, "redis"));
  const [shop, other] = [await makeBare(home, "shop.git"), await makeBare(home, "other.git")];
  const redisPath = join(home, "redis", "control.sock");
  let redis = await startRedis(home, redisPath);
  undo.defer(() => end(redis, "SIGTERM"));
  const client = undo.use(openClient(redisPath));
  const env = {
    PATH: process.env.PATH ?? "",
    COLONY_HOME: home,
    REDIS_URL: redisPath,
    COLONY_BYTES_REDIS: redisPath,
    PORT: "0",
    COLONY_LOG_LEVEL: "info",
  };
  const bots = undo.use(new AsyncDisposableStack());
  const signInLink = async (bot: BotProcess, guest: Guest = ada, role: Role = "admin") =>
    `${bot.address}/sign-in?token=${await mintSignIn(client.redis, invitationOf(guest, role))}`;
  const kept = undo.move();
  return {
    home,
    redisPath,
    client,
    shop,
    other,
    env,
    async startBot() {
      return bots.use(await startBot(env));
    },
    async stopRedis() {
      await end(redis, "SIGTERM");
      return async () => {
        redis = await startRedis(home, redisPath);
      };
    },
    signInLink,
    async signIn(bot, person = ada, role = "admin") {
      const link = new URL(await signInLink(bot, person, role));
      const response = await fetch(`${bot.address}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { Origin: bot.address, "Content-Type": "application/x-www-form-urlencoded" },
        body: `token=${link.searchParams.get("token")}`,
      });
      return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** As much of a bare repository as can be seen from outside. */
async function makeBare(home: string, name: string): Promise<string> {
  for (const part of ["objects", "refs"]) await mkdir(join(home, name, part), { recursive: true });
  await writeFile(join(home, name, "HEAD"), "ref: refs/heads/main\n");
  return join(home, name);
}

async function startRedis(home: string, socket: string): Promise<ChildProcess> {
  const redis = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", socket, "--appendonly", "yes", "--dir", join(home, "redis")],
    { stdio: "ignore" },
  );
  const probe = openClient(socket);
  await probe.redis.ping();
  await probe[Symbol.asyncDispose]();
  return redis;
}

/** Starts the bot as the supervisor does, and waits until its page is served. */
export async function startBot(env: Record<string, string>): Promise<BotProcess> {
  const child = spawn(process.execPath, [join(root, "bot", "main.ts")], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const address = await addressOf(child);
  return {
    address,
    process: child,
    kill: () => end(child, "SIGKILL"),
    [Symbol.asyncDispose]: () => end(child, "SIGTERM"),
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the bot's output is not piped");
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const entry = JSON.parse(line) as { address?: string; level: number; msg: string };
    if (entry.address === undefined) continue;
    lines.on("line", (later) => {
      if ((JSON.parse(later) as { level: number }).level >= 40) process.stderr.write(`${later}\n`);
    });
    return entry.address;
  }
  if (child.exitCode === null) await once(child, "exit");
  throw new Error(`the bot ended with ${child.exitCode}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}
