import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { budgetSchema } from "./account.ts";
import { readBody } from "./request-body.ts";
import { type Runs, runIdPattern } from "./runs.ts";

/**
 * The control socket, for the worker alone (0600): `PUT /runs/ID` with an optional budget opens a
 * run's socket, `GET` reads its account, `DELETE` closes it.
 */
export async function openControl(path: string, runs: Runs): Promise<AsyncDisposable> {
  const server = createServer((incoming, response) => {
    serve(runs, incoming, response).catch((error: unknown) => {
      answer(response, 500, { error: error instanceof Error ? error.message : "unknown" });
    });
  });
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  runs: Runs,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const id = /^\/runs\/([^/]+)$/.exec(incoming.url ?? "")?.[1];
  if (id === undefined || !runIdPattern.test(id)) return answer(response, 404, { error: "no run" });
  switch (incoming.method) {
    case "PUT": {
      const body = await readBody(incoming);
      const text = body?.toString("utf8") ?? "";
      const budget = text === "" ? undefined : budgetSchema.parse(JSON.parse(text));
      return answer(response, 200, { socketPath: await runs.open(id, budget) });
    }
    case "GET": {
      const account = runs.account(id);
      return answer(response, account === undefined ? 404 : 200, account ?? { error: "no run" });
    }
    case "DELETE":
      return answer(response, 200, (await runs.close(id)) ?? {});
    default:
      return answer(response, 405, { error: "PUT, GET or DELETE" });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
