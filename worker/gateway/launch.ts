import { extname, join } from "node:path";

/**
 * Pure: the command that runs the gateway as the unprivileged user, with one harmless capability
 * more than that user's other processes have. The kernel then lets none of them read its
 * environment or memory, where the keys are.
 */
export function gatewayArgv(
  user: { readonly uid: number; readonly gid: number },
  nodePath: string,
  codeRoot: string,
): [string, ...string[]] {
  return [
    "setpriv",
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--no-new-privs",
    "--bounding-set=-all,+net_bind_service",
    "--inh-caps=-all,+net_bind_service",
    "--ambient-caps=-all,+net_bind_service",
    // Said here too: the kernel forgets it when the user changes.
    "--pdeathsig=KILL",
    nodePath,
    join(codeRoot, `worker/gateway/main${extname(import.meta.filename)}`),
  ];
}
