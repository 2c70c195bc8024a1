import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { consumeSignIn, readSignIn } from "../../worker/protocol/sign-in.ts";
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
    const person = await readSession(redis, getCookie(context, cookieName(parts.port())));
    if (person !== undefined) return context.html(renderPage());
    return context.html(renderDoor("You are not signed in on this browser."), 401);
  });
  app.get("/sign-in", async (context) => {
    const token = context.req.query("token") ?? "";
    const person = await readSignIn(redis, token);
    if (person !== undefined) return context.html(renderSignIn(token, person));
    const signedIn = await readSession(redis, getCookie(context, cookieName(parts.port())));
    if (signedIn !== undefined) return context.redirect("/", 303);
    return context.html(renderDoor(used), 410);
  });
  app.post("/sign-in", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const person = await consumeSignIn(redis, form.get("token") ?? "");
    if (person === undefined) return context.html(renderDoor(used), 410);
    const name = (form.get("name") ?? "").trim();
    const email = (form.get("email") ?? person.email ?? "").trim();
    const session = await startSession(redis, {
      id: person.id,
      name: name === "" ? person.name : name.slice(0, 100),
      ...(email === "" ? {} : { email: email.slice(0, 200) }),
    });
    setCookie(context, cookieName(parts.port()), session, {
      path: "/",
      httpOnly: true,
      sameSite: "Strict",
      maxAge: sessionLifeSeconds,
    });
    return context.redirect("/", 303);
  });
  app.post("/sign-out", async (context) => {
    await endSession(redis, getCookie(context, cookieName(parts.port())) ?? "");
    deleteCookie(context, cookieName(parts.port()), { path: "/" });
    return context.redirect("/", 303);
  });
  return app;
}
