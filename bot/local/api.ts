import { Hono } from "hono";
import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { validator } from "hono/validator";
import type { z } from "zod";
import { keys } from "../../worker/protocol/keys.ts";
import { listChannels } from "./channels.ts";
import { cookieName } from "./doors.ts";
import { localKeys } from "./keys.ts";
import {
  channelNameSchema,
  type InboxEntry,
  pressSchema,
  readSchema,
  sendSchema,
  visible,
} from "./message.ts";
import { withPatience } from "./patience.ts";
import type { LocalServerParts } from "./server.ts";
import { readSession, type Session } from "./sessions.ts";
import { streamFeed } from "./stream.ts";

export type Signed = { Variables: { session: Session } };

/** Lets only people through who are signed in. */
export function signedIn(parts: LocalServerParts) {
  return createMiddleware<Signed>(async (context, next) => {
    const cookie = getCookie(context, cookieName(parts.port()));
    const session = await withPatience(readSession(parts.store.redis, cookie));
    if (session === undefined) return context.json({ sentence: "You are not signed in." }, 401);
    context.set("session", session);
    await next();
    return;
  });
}

/** What the page asks and says. */
export function api(parts: LocalServerParts): Hono<Signed> {
  const app = new Hono<Signed>();
  const { store } = parts;
  const { redis } = store;
  app.use("/api/*", signedIn(parts));
  app.get("/api/state", async (context) => {
    const { person, role } = context.get("session");
    const [channels, read, newest, repositories] = await withPatience(
      Promise.all([
        listChannels(redis),
        redis.hgetall(localKeys.read(person.id)),
        redis.xrevrange(localKeys.feed, "+", "-", "COUNT", 1),
        redis.hkeys(keys.repositories),
      ]),
    );
    const cursor = newest[0]?.[0] ?? "0-0";
    const { words } = parts;
    return context.json({ person, role, channels, read, cursor, repositories, words });
  });
  app.get("/api/messages", async (context) => {
    const channel = channelNameSchema.parse(context.req.query("channel"));
    const root = context.req.query("root") ?? "";
    const before = Number(context.req.query("before") ?? Number.POSITIVE_INFINITY);
    const page = await withPatience(store.list({ channel, root }, root === "" ? 60 : 500, before));
    return context.json({
      ...page,
      messages: visible(page.messages, context.get("session").person),
    });
  });
  app.post("/api/messages", checked(sendSchema), async (context) => {
    const body = context.req.valid("json");
    const session = context.get("session");
    const { person } = session;
    const text = body.text.trim();
    if (text === "") return context.json({ sentence: "The message is empty." }, 400);
    const message = {
      channel: body.channel,
      root: body.root,
      person: { id: person.id, name: person.name },
      text,
    };
    const entry = inbound("message", { ...body, text, token: "", message: "" }, session);
    const id = await withPatience(store.append(message, `person:${body.origin}`, entry));
    return context.json({ id });
  });
  app.post("/api/press", checked(pressSchema), async (context) => {
    const body = context.req.valid("json");
    const [message] = await withPatience(store.read([body.message]));
    if (message === undefined) return context.json({ sentence: "The message is gone." }, 404);
    const root = message.root === "" && message.to === undefined ? message.id : message.root;
    const { channel } = message;
    const place = { ...body, channel, root, text: "" };
    await withPatience(store.press(inbound("press", place, context.get("session"))));
    return context.json({});
  });
  app.post("/api/read", checked(readSchema), async (context) => {
    const { place, number } = context.req.valid("json");
    await withPatience(redis.hset(localKeys.read(context.get("session").person.id), place, number));
    return context.json({});
  });
  app.post("/api/channels", async (context) => {
    const body = (await context.req.json().catch(() => ({}))) as { name?: unknown };
    const name = channelNameSchema.safeParse(body.name);
    if (!name.success) return context.json({ sentence: name.error.issues[0]?.message }, 400);
    await withPatience(redis.hsetnx(localKeys.channels, name.data, Date.now()));
    await withPatience(redis.xadd(localKeys.feed, "*", "channels", "1"));
    return context.json({ name: name.data });
  });
  app.get("/api/stream", (context) => streamFeed(parts, context, context.get("session").person));
  return app;
}

function checked<S extends z.ZodType>(schema: S) {
  return validator("json", (value, context) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    return context.json({ sentence: parsed.error.issues[0]?.message ?? "Not understood." }, 400);
  });
}

function inbound(
  kind: InboxEntry["kind"],
  body: {
    readonly origin: string;
    readonly channel: string;
    readonly root: string;
    readonly message: string;
    readonly text: string;
    readonly token: string;
  },
  session: Session,
): InboxEntry {
  const { origin, channel, root, message, text, token } = body;
  return { kind, id: origin, channel, root, message, text, token, ...session };
}
