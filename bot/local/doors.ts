import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import {
  cleanName,
  consumeSignIn,
  type Invitation,
  readSignIn,
} from "../../worker/protocol/sign-in.ts";
import type { Person } from "../../worker/protocol/task.ts";
import { channelNameSchema } from "./message.ts";
import type { LocalServerParts } from "./server.ts";
import { endSession, readSession, sessionLifeSeconds, startSession } from "./sessions.ts";
import { renderDoor, renderPage, renderSignIn } from "./sign-in-page.ts";

const used = "This sign-in link was used already or is too old.";

/** A cookie knows no port: two installations on one machine must not sign each other out. */
export function cookieName(port: number): string {
  return `colony-${port}`;
}

/** The page itself, and the way in and out. */
export function doors(parts: LocalServerParts): Hono {
  const app = new Hono();
  const { redis } = parts.store;
  app.get("/", async (context) => {
    const session = await readSession(redis, getCookie(context, cookieName(parts.port())));
    if (session !== undefined) return context.html(renderPage());
    return context.html(renderDoor("You are not signed in on this browser."), 401);
  });
  app.get("/sign-in", async (context) => {
    const token = context.req.query("token") ?? "";
    const invitation = await readSignIn(redis, token);
    if (invitation !== undefined) return context.html(renderSignIn(token, invitation));
    const signedIn = await readSession(redis, getCookie(context, cookieName(parts.port())));
    if (signedIn !== undefined) return context.redirect("/", 303);
    return context.html(renderDoor(used), 410);
  });
  app.post("/sign-in", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const token = form.get("token") ?? "";
    const offered = await readSignIn(redis, token);
    if (offered === undefined) return context.html(renderDoor(used), 410);
    const person = decidePerson(offered, form);
    if (person === undefined) {
      return context.html(renderSignIn(token, offered, "Colony needs a name to call you by."), 400);
    }
    const invitation = await consumeSignIn(redis, token);
    if (invitation === undefined) return context.html(renderDoor(used), 410);
    const session = await startSession(redis, { person, role: invitation.role });
    setCookie(context, cookieName(parts.port()), session, {
      path: "/",
      httpOnly: true,
      sameSite: "Strict",
      maxAge: sessionLifeSeconds,
    });
    const channel = channelNameSchema.safeParse(invitation.channel);
    return context.redirect(channel.success ? `/#/${channel.data}` : "/", 303);
  });
  app.post("/sign-out", async (context) => {
    await endSession(redis, getCookie(context, cookieName(parts.port())) ?? "");
    deleteCookie(context, cookieName(parts.port()), { path: "/" });
    return context.redirect("/", 303);
  });
  return app;
}

/** Who somebody is by the link, and what they add to it: a member is called as they were invited. */
function decidePerson(invitation: Invitation, form: URLSearchParams): Person | undefined {
  const { id, name: known = "", email: knownEmail = "" } = invitation.person;
  const said = invitation.role === "admin" ? cleanName(form.get("name") ?? "") : "";
  const name = said === "" ? known : said;
  const email = cleanName(form.get("email") ?? knownEmail);
  if (name === "") return undefined;
  return { id, name, ...(email === "" ? {} : { email }) };
}
