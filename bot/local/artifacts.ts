import { Hono } from "hono";
import { mayAct, strangersSentence } from "../access.ts";
import { type Signed, signedIn } from "./api.ts";
import { withPatience } from "./patience.ts";
import type { LocalServerParts } from "./server.ts";

/**
 * Pictures and files. What an agent made is never served as anything that a browser runs: a
 * picture is one by its first bytes, everything else is plain text, and a download unless the page
 * itself asks for it to show it.
 */
export function artifacts(parts: LocalServerParts): Hono<Signed> {
  const app = new Hono<Signed>();
  app.use("/artifact/*", signedIn(parts));
  app.get("/artifact/:id", async (context) => {
    const id = context.req.param("id");
    const bytes = /^[0-9a-f]{64}$/.test(id)
      ? await withPatience(parts.client.artifact(id))
      : undefined;
    if (bytes === undefined) return context.text("This file is no longer kept.", 404);
    const picture = pictureType(bytes);
    const name = safeName(context.req.query("name") ?? id);
    const inline = picture !== undefined || context.req.query("show") === "1";
    return context.body(new Uint8Array(bytes), 200, {
      "Content-Type": picture ?? "text/plain; charset=utf-8",
      "Content-Disposition": `${inline ? "inline" : "attachment"}; filename="${name}"`,
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "Cache-Control": "private, max-age=31536000, immutable",
    });
  });
  app.use("/preview/*", signedIn(parts));
  app.get("/preview/:task/:port", async (context) => {
    const task = await withPatience(parts.client.task(context.req.param("task")));
    const { person, role } = context.get("session");
    if (task !== undefined && !mayAct(task, { person, isAdmin: role === "admin" })) {
      return context.text(strangersSentence(task), 403);
    }
    const port = Number(context.req.param("port"));
    const preview = task?.previews.find((candidate) => candidate.port === port);
    const path = preview?.path ?? "/";
    const link = task === undefined ? undefined : parts.previewLink(task.id, port, path);
    if (link === undefined) return context.text("Previews are not served on this machine.", 404);
    return context.redirect(link, 303);
  });
  return app;
}

function pictureType(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from("89504e470d0a1a0a", "hex"))) return "image/png";
  if (bytes.subarray(0, 3).equals(Buffer.from("ffd8ff", "hex"))) return "image/jpeg";
  if (bytes.subarray(0, 4).toString("latin1") === "GIF8") return "image/gif";
  return undefined;
}

function safeName(name: string): string {
  return name.replace(/[^\w.-]+/g, "-").slice(-100) || "file";
}
