import { chmod, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import {
  type Account,
  accountSchema,
  type Budget,
  charge,
  decideBudget,
  newAccount,
} from "./account.ts";
import type { GatewayConfig } from "./config.ts";
import { type Agents, answerError, forward, upstreamQuery } from "./forward.ts";
import { modelRequest } from "./providers.ts";
import { readBody, withUsageAsked } from "./request-body.ts";

interface Run {
  readonly server: Server;
  readonly socketPath: string;
  account: Account;
  saving: Promise<void>;
}

export const runIdPattern = /^[a-z0-9-]{1,32}$/;

/** The sockets of all runs. A socket is its run's identity: whoever can connect to it is that run. */
export class Runs {
  readonly #config: GatewayConfig;
  readonly #agents: Agents;
  readonly #runs = new Map<string, Run>();

  constructor(config: GatewayConfig, agents: Agents) {
    this.#config = config;
    this.#agents = agents;
  }

  /** Opens again what was open before a restart. */
  async restore(): Promise<void> {
    for (const name of await readdir(this.#config.folder)) {
      const id = /^(.+)\.json$/.exec(name)?.[1];
      if (id === undefined || !runIdPattern.test(id)) continue;
      const text = await readFile(join(this.#config.folder, name), "utf8");
      const account = parseAccount(text);
      if (account !== undefined) await this.#listen(id, account);
    }
  }

  /** Opens the run's socket; one that is open keeps its account and takes the new budget, if given. */
  async open(id: string, budget: Budget | undefined): Promise<string> {
    const known = this.#runs.get(id);
    if (known === undefined) {
      const run = await this.#listen(id, newAccount(budget ?? {}));
      await this.#save(id, run);
      return run.socketPath;
    }
    if (budget !== undefined) {
      known.account = { ...known.account, budget };
      await this.#save(id, known);
    }
    return known.socketPath;
  }

  account(id: string): Account | undefined {
    return this.#runs.get(id)?.account;
  }

  async close(id: string): Promise<Account | undefined> {
    const run = this.#runs.get(id);
    if (run === undefined) return undefined;
    this.#runs.delete(id);
    run.server.close();
    run.server.closeAllConnections();
    await run.saving.catch(() => {});
    await rm(this.#accountPath(id), { force: true });
    return run.account;
  }

  /** Ends every connection and keeps the accounts, for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs.values()) {
      run.server.close();
      run.server.closeAllConnections();
      await run.saving.catch(() => {});
    }
  }

  async #listen(id: string, account: Account): Promise<Run> {
    const socketPath = join(this.#config.folder, `${id}.sock`);
    const server = createServer({ requestTimeout: 0 }, (incoming, response) => {
      this.#serve(id, incoming, response).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : "unknown";
        answerError(response, undefined, 500, "api_error", `The model gateway failed: ${message}`);
      });
    });
    server.maxConnections = 256;
    await rm(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socketPath, resolve);
    });
    await chmod(socketPath, 0o600);
    const run = { server, socketPath, account, saving: Promise.resolve() };
    this.#runs.set(id, run);
    return run;
  }

  async #serve(id: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const run = this.#runs.get(id);
    const [path, query] = splitOnce(incoming.url ?? "/", "?");
    const to = modelRequest(incoming.method ?? "GET", path, incoming.headers);
    if (run === undefined || to === undefined) {
      const message = `The model gateway serves models only, not ${incoming.method} ${path.slice(0, 200)}.`;
      return answerError(response, undefined, 404, "not_found_error", message);
    }
    const spent = decideBudget(run.account);
    if (spent !== undefined) {
      run.account = { ...run.account, refused: run.account.refused + 1 };
      const type = to.provider === "openai" ? "insufficient_quota" : "billing_error";
      return answerError(response, to.provider, 402, type, `Colony: ${spent}.`);
    }
    const upstream = this.#config.upstreams[to.provider];
    if (upstream.auth === undefined && upstream.isDefault) {
      const message = `Colony: ${upstream.keyName} is not set on the host, so this model cannot be used.`;
      return answerError(response, to.provider, 401, "authentication_error", message);
    }
    const body = await readBody(incoming);
    if (body === undefined) {
      return answerError(
        response,
        to.provider,
        413,
        "request_too_large",
        "The request is too large.",
      );
    }
    const destination = { ...to, query: upstreamQuery(query) };
    const asked = withUsageAsked(to.shape, body);
    const usage = await forward(destination, upstream, this.#agents, incoming, asked, response);
    if (to.shape === "none") return;
    run.account = charge(run.account, usage);
    if (this.#runs.get(id) === run) await this.#save(id, run);
  }

  /** One write after the other, each the newest account: whole files only. */
  #save(id: string, run: Run): Promise<void> {
    run.saving = run.saving
      .catch(() => {})
      .then(async () => {
        const path = this.#accountPath(id);
        await writeFile(`${path}.new`, JSON.stringify(run.account), { mode: 0o600 });
        await rename(`${path}.new`, path);
      });
    return run.saving;
  }

  #accountPath(id: string): string {
    return join(this.#config.folder, `${id}.json`);
  }
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function parseAccount(text: string): Account | undefined {
  try {
    return accountSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
