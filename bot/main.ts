import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { Client, openRedis } from "../worker/protocol/client.ts";
import { finishPost } from "./buttons.ts";
import type { ChannelId, Chat } from "./chat.ts";
import { completedWords } from "./commands/words.ts";
import { parseBotConfig } from "./config.ts";
import { localChat } from "./local/local-chat.ts";
import { channelIdOf } from "./local/message.ts";
import { MessageStore } from "./local/message-store.ts";
import { openLocalServer, PortTakenError } from "./local/server.ts";
import { runLogSink } from "./log-sink.ts";
import { runPoster } from "./outbox.ts";
import { openPreviewLinks } from "./preview-links.ts";
import { renderWelcome } from "./replies/help.ts";
import { holdRole } from "./role.ts";
import { openRouter } from "./router.ts";

/*
 * The bot: chat platforms, and the roles of which the installation has one each (poster, inbox,
 * log sink). It waits for Redis rather than end without it, and catches up.
 */
const endingMs = 5_000;
const config = parseBotConfig(process.env);
const log = pino({ name: "bot", level: config.logLevel });

await using stack = new AsyncDisposableStack();
const client = stack.use(new Client(openRedis(config.redis)));
const bytesRedis = openRedis(config.bytesRedis);
stack.defer(() => bytesRedis.disconnect());
const { redis } = client;

const store = new MessageStore(redis);
const server = await openLocalServer({
  store,
  client,
  port: config.port,
  dist: fileURLToPath(new URL("../dist/", import.meta.url)),
  words: completedWords,
  previewLink: openPreviewLinks(config.previewKeyFile, config.previewPort),
}).catch((error: unknown) => {
  if (!(error instanceof PortTakenError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
stack.use(server);
const local = localChat(store, server.port);
const chats = new Map<string, Chat>([[local.platform, local]]);
log.info({ address: `http://127.0.0.1:${server.port}` }, "chat page");

const role = (name: string, work: (signal: AbortSignal) => Promise<void>) =>
  stack.use(holdRole(redis, name, work, log));
role("poster", (signal) => runPoster({ redis, chats, log }, signal));
role("log-sink", (signal) => runLogSink({ redis, bytesRedis, logs: config.logs }, signal));
role("inbox", async (signal) => {
  await welcome(local);
  const ended = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => ended.resolve());
  await using _listening = local.listen(openRouter({ ...config, client, log }, local));
  await ended.promise;
});

await stopSignal();
log.info("ending");
// What waits for a Redis that is away would hold us for ever; it is done by the next bot.
await Promise.race([stack.disposeAsync(), sleep(endingMs)]);
process.exit(0);

async function welcome(chat: Chat): Promise<void> {
  const general: ChannelId = channelIdOf("general");
  await chat.post(chat.topOf(general), await finishPost(redis, renderWelcome()), "welcome");
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => resolve());
  });
}
