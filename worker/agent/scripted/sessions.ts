import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const sessionSchema = z.object({
  id: z.string().regex(/^[0-9a-f-]{36}$/),
  mode: z.enum(["ask", "bypass"]),
  history: z.array(z.object({ role: z.enum(["user", "agent"]), text: z.string() })),
});

/** One conversation, kept below HOME so that `session/load` works after a crash. */
export type ScriptedSession = z.infer<typeof sessionSchema>;

const folder = join(homedir(), ".colony-scripted");

export async function createSession(): Promise<ScriptedSession> {
  const session: ScriptedSession = { id: randomUUID(), mode: "ask", history: [] };
  await saveSession(session);
  return session;
}

/** The conversation of an earlier process, if HOME still holds it. */
export async function readSession(id: string): Promise<ScriptedSession | undefined> {
  if (!sessionSchema.shape.id.safeParse(id).success) return undefined;
  const text = await readFile(join(folder, `${id}.json`), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return sessionSchema.safeParse(JSON.parse(text)).data;
}

export async function saveSession(session: ScriptedSession): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${session.id}.json`);
  await writeFile(`${path}.new`, JSON.stringify(session));
  await rename(`${path}.new`, path);
}
