import type { Network } from "../network/network.ts";
import type { WorkspaceMount } from "../workspace.ts";
import type { Freezer } from "./freezer.ts";
import type { Processes } from "./processes.ts";
import { type KeeperRequest, personPrefix } from "./protocol.ts";
import type { Client, RequestHandler } from "./server.ts";
import type { Sleeper } from "./sleeper.ts";

/** What the keeper's requests act on. */
export interface HandlerParts {
  readonly processes: Processes;
  readonly freezer: Freezer<Client>;
  readonly sleeper: Sleeper;
  readonly network: Network | undefined;
  attachWorkspace(workspace: WorkspaceMount): Promise<void>;
  /** Kills the sandbox and waits until its processes have their exit records. */
  end(): Promise<void>;
}

/** What cannot be done, or would not be seen, while nothing moves. */
const rousing: ReadonlySet<KeeperRequest["op"]> = new Set([
  ...(["start", "write", "closeInput", "resize", "kill", "attach", "wake"] as const),
]);

/**
 * Carries out requests; a client that goes away thaws what it froze, and ends what it bound and its
 * terminals.
 */
export function openHandler(parts: HandlerParts): RequestHandler {
  const { processes, freezer, sleeper, network } = parts;
  const binding = new Set<Client>();
  const ownTerminals = new Map<string, Client>();

  /** A person's terminal ends with the person's command, however that ended. */
  function endTerminals(of: Client): void {
    for (const [name, client] of ownTerminals) {
      if (client !== of) continue;
      ownTerminals.delete(name);
      if (processes.liveNames().includes(name)) void processes.live(name).kill("SIGKILL");
    }
  }

  async function carryOut(request: KeeperRequest, client: Client): Promise<object> {
    if (rousing.has(request.op)) sleeper.wake();
    switch (request.op) {
      case "start":
        if (request.process.name.startsWith(personPrefix)) {
          ownTerminals.set(request.process.name, client);
        }
        return { process: await processes.start(request.process) };
      case "find":
        return { process: processes.find(request.name) ?? null };
      case "write":
        processes.live(request.name).write(Buffer.from(request.base64, "base64"));
        return {};
      case "closeInput":
        processes.live(request.name).closeInput();
        return {};
      case "resize":
        processes.live(request.name).resize(request.columns, request.rows);
        return {};
      case "kill":
        if (processes.find(request.name)?.exit === undefined) {
          await processes.live(request.name).kill(request.signal);
        }
        return {};
      case "attach":
        await parts.attachWorkspace(request.workspace);
        return {};
      case "freeze":
        await freezer.freeze(client);
        return {};
      case "thaw":
        freezer.thaw(client);
        return {};
      case "sleep":
        if (processes.liveNames().some((name) => name.startsWith(personPrefix))) {
          throw new Error("Somebody has a terminal in the sandbox.");
        }
        await sleeper.sleep();
        return {};
      case "wake":
        return {};
      case "ports":
        return { ports: (await network?.listeningPorts()) ?? [] };
      case "egress":
        network?.setRules(request.rules);
        return {};
      case "bind":
        binding.add(client);
        return {};
      case "end":
        binding.delete(client);
        await parts.end();
        return {};
    }
  }

  return {
    handle: carryOut,
    onDisconnect(client) {
      freezer.release(client);
      endTerminals(client);
      if (binding.delete(client)) void parts.end();
    },
  };
}
