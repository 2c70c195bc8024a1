import { chown, mkdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { type Account, accountSchema, type Budget } from "./account.ts";

/** The gateway does not answer or answered no; the message can be shown. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
}

/** The gateway may be starting: it is asked again for so long. */
const patienceMs = 15_000;
const answerTimeoutMs = 10_000;

/** Makes the folder that the gateway's process owns; by the supervisor, before it starts it. */
export async function prepareGatewayFolder(
  folder: StateFolder,
  user: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const path = gatewayFolder(folder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chown(path, user.uid, user.gid);
}

/**
 * Opens (or finds open) the socket by which one task's sandbox reaches its models. Whoever connects
 * to it acts as that task, within its budget.
 */
export async function openRunSocket(
  folder: StateFolder,
  taskId: string,
  budget?: Budget,
): Promise<string> {
  const body = budget === undefined ? "" : JSON.stringify(budget);
  const answer = await ask(folder, "PUT", taskId, body);
  return z.object({ socketPath: z.string() }).parse(answer).socketPath;
}

/** What the task's runs have used so far; undefined where no socket is open. */
export async function readRunAccount(
  folder: StateFolder,
  taskId: string,
): Promise<Account | undefined> {
  return accountSchema.safeParse(await ask(folder, "GET", taskId, "")).data;
}

/** Closes the socket and ends its connections; once more changes nothing. */
export async function closeRunSocket(folder: StateFolder, taskId: string): Promise<void> {
  await ask(folder, "DELETE", taskId, "");
}

function gatewayFolder(folder: StateFolder): string {
  return join(folder.home, "gateway");
}

async function ask(
  folder: StateFolder,
  method: string,
  taskId: string,
  body: string,
): Promise<unknown> {
  const socketPath = join(gatewayFolder(folder), "control.sock");
  const deadlineMs = Date.now() + patienceMs;
  for (;;) {
    try {
      return await once(socketPath, method, taskId, body);
    } catch (error) {
      const starting = error instanceof Error && "code" in error;
      if (!starting || Date.now() > deadlineMs) {
        throw new GatewayError("The model gateway of this host does not answer.", { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function once(socketPath: string, method: string, id: string, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": Buffer.byteLength(body) };
    const path = `/runs/${id}`;
    const outgoing = request({ socketPath, method, path, headers, timeout: answerTimeoutMs });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.on("response", async (reply) => {
      try {
        const text = Buffer.concat(await Array.fromAsync(reply)).toString("utf8");
        const answer: unknown = JSON.parse(text);
        if (reply.statusCode === 200 || reply.statusCode === 404) resolve(answer);
        else reject(new GatewayError(`The model gateway answered ${reply.statusCode}: ${text}`));
      } catch (error) {
        reject(error);
      }
    });
    outgoing.end(body);
  });
}
