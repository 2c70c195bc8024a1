import { endSandbox } from "./ending.ts";
import { execInSandbox } from "./exec.ts";
import { openProcessHandle } from "./keeper/process-handle.ts";
import { sandboxPaths } from "./keeper-paths.ts";
import type { KeptSandbox } from "./open.ts";
import { prepareWorkspace } from "./prepare.ts";
import type { Sandbox, SandboxProcess } from "./spec.ts";
import type { StateFolder } from "./state-folder.ts";

/** How long a keeper may take to write the exits of what it held, before it is killed with it. */
const endTimeoutMs = 5_000;

/** The front door's object over a connection to a living keeper. */
export function openedSandbox(folder: StateFolder, id: string, kept: KeptSandbox): Sandbox {
  const { client, record } = kept;
  const paths = sandboxPaths(folder, id);
  let diskFull: true | undefined;
  client.onEvent((event) => {
    if (event.event === "stopped" && event.reason === "disk-full") diskFull = true;
  });
  const place = { sandboxId: id, spoolFolder: paths.spool };

  async function end(): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, endTimeoutMs);
    await Promise.race([client.request({ op: "end" }), deadline.promise]).catch(() => undefined);
    clearTimeout(timer);
  }

  return {
    id,
    folder,
    keeperPid: record.keeperPid,
    uidBase: record.uidBase,
    dialerPath: record.dialerPath,
    notEnforced: record.notEnforced,
    async attachWorkspace(workspace) {
      prepareWorkspace(folder, id, record.uidBase, workspace);
      await client.request({ op: "attach", workspace });
    },
    async start(process): Promise<SandboxProcess> {
      const { process: state } = await client.request({ op: "start", process });
      if (state == null) throw new Error("The keeper answered no process.");
      return openProcessHandle(client, place, state);
    },
    async process(name) {
      const { process: state } = await client.request({ op: "find", name });
      return state == null ? undefined : openProcessHandle(client, place, state);
    },
    async exec(argv, options) {
      await client.request({ op: "wake" });
      const result = await execInSandbox(folder, id, argv, options);
      return diskFull && result.exitCode !== 0 ? { ...result, diskFull } : result;
    },
    async listeningPorts() {
      return (await client.request({ op: "ports" })).ports ?? [];
    },
    watchPorts(onChange) {
      let isStopped = false;
      const stop = client.onEvent((event) => {
        if (event.event === "ports") onChange(event.ports);
      });
      // What listened before we did is news too.
      void client
        .request({ op: "ports" })
        .then(({ ports = [] }) => !isStopped && ports.length > 0 && onChange(ports))
        .catch(() => undefined);
      return () => {
        isStopped = true;
        stop();
      };
    },
    async setEgressRules(rules) {
      await client.request({ op: "egress", rules });
    },
    async sleep() {
      await client.request({ op: "sleep" });
    },
    async wake() {
      await client.request({ op: "wake" });
    },
    async whileFrozen(act) {
      await client.request({ op: "freeze" });
      try {
        return await act();
      } finally {
        // A keeper that died meanwhile takes nothing with it: its end thaws.
        await client.request({ op: "thaw" }).catch(() => undefined);
      }
    },
    async close() {
      await end();
      return endSandbox(folder, id);
    },
    gone: () => client.gone,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
    },
  };
}
