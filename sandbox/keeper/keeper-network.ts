import { join } from "node:path";
import { groupProcesses, readCgroupLayout } from "../cgroups/cgroup.ts";
import { boxGroup } from "../cgroups/names.ts";
import type { SandboxPaths } from "../keeper-paths.ts";
import type { HostSettings } from "../network/egress-policy.ts";
import type { Network } from "../network/network.ts";
import { readableNode } from "../readable-node.ts";
import { stateFolder } from "../state-folder.ts";
import type { KeeperNetworkSpec, KeeperSpec } from "./keeper-spec.ts";

/** Opens the sandbox's way out; loaded only by keepers that have one. */
export async function openKeeperNetwork(
  spec: KeeperSpec,
  network: KeeperNetworkSpec,
  initPid: number,
  paths: SandboxPaths,
  onDialled: (open: number) => void,
): Promise<Network> {
  const codeRoot = network.codeRoot ?? join(import.meta.dirname, "..", "..");
  const layout = readCgroupLayout();
  const group = boxGroup(stateFolder(spec.home, spec.shared), spec.sandbox.id);
  const { openNetwork } = await import("../network/network.ts");
  return openNetwork({
    task: spec.sandbox.id,
    initPid,
    onDialled,
    processes: () => groupProcesses(layout, group),
    ...network,
    host: reviveUrls(network.host),
    runFolder: paths.run,
    egress: spec.sandbox.egress,
    rules: spec.sandbox.egressRules ?? [],
    limits: spec.sandbox.egressLimits ?? {},
    forwards: spec.sandbox.forwards,
    ledgerPath: paths.ledger,
    statePath: paths.egressState,
    insideFolder: paths.told,
    nodePath: readableNode(codeRoot),
    codeRoot,
  });
}

/** JSON has no URLs. */
function reviveUrls(host: HostSettings): HostSettings {
  const { httpProxy, httpsProxy } = host;
  return {
    ...host,
    registries: host.registries.map((registry) => {
      const { proxy } = registry;
      if (proxy === undefined || proxy === "direct") return registry;
      return { ...registry, proxy: new URL(proxy) };
    }),
    ...(httpProxy === undefined ? {} : { httpProxy: new URL(httpProxy) }),
    ...(httpsProxy === undefined ? {} : { httpsProxy: new URL(httpsProxy) }),
  };
}
