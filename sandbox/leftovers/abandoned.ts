import { existsSync } from "node:fs";
import { groupProcesses, readCgroupLayout } from "../cgroups/cgroup.ts";
import { keeperGroup } from "../cgroups/names.ts";
import { endSandbox } from "../ending.ts";
import { dropInstallation, readInstallations } from "../installations.ts";
import { installationLabel } from "../keeper-paths.ts";
import { type StateFolder, stateFolder } from "../state-folder.ts";
import { dropClaim, readUidRanges } from "../uid-range.ts";
import { type FoundLeftover, sandboxIdPattern } from "./leftover.ts";
import { groupedIds } from "./sandboxes.ts";

/**
 * Sandboxes of installations whose whole state folder was deleted while they ran: no sweep of their
 * own can come any more. Whose a cgroup is, the host's list of installations says and the registry
 * of uid ranges; what neither of them names is foreign.
 */
export async function findAbandoned(folder: StateFolder): Promise<FoundLeftover[]> {
  const found: FoundLeftover[] = [];
  for (const { home, shared } of goneHomes(folder)) {
    const gone = stateFolder(home, shared);
    const label = installationLabel(gone);
    const ids = [...new Set(await groupedIds(label))].filter((id) => sandboxIdPattern.test(id));
    if (ids.some((id) => isSeenByKeeper(gone, id))) continue;
    for (const id of ids.sort()) {
      found.push({
        kind: "sandbox",
        name: `${home}: ${id}`,
        why: "its state folder was deleted while it ran",
        remove: async () => ({ bytes: 0, receipt: await endSandbox(gone, id) }),
      });
    }
    for (const { base, id } of readUidRanges(folder).filter((one) => one.home === home)) {
      found.push({
        kind: "uid-range",
        name: String(base),
        why: `claimed by ${id} of ${home}, which was deleted`,
        async remove() {
          if ((await groupedIds(label)).length === 0) dropClaim(folder, base);
          return { bytes: 0 };
        },
      });
    }
  }
  return found;
}

/** Installations without sandboxes need no entry in the host's list. */
export async function dropGoneInstallations(): Promise<void> {
  for (const { label, home } of readInstallations()) {
    if (!existsSync(home) && (await groupedIds(label)).length === 0) dropInstallation(label);
  }
}

function goneHomes(folder: StateFolder): { readonly home: string; readonly shared: string }[] {
  const listed = readInstallations().map(({ home, shared }) => ({ home, shared }));
  const claimed = readUidRanges(folder).map(({ home }) => ({ home, shared: folder.shared }));
  const byHome = new Map([...claimed, ...listed].map((one) => [one.home, one]));
  return [...byHome.values()].filter(({ home }) => home.startsWith("/") && !existsSync(home));
}

/** A state folder on a file system that only its own processes see mounted is not gone. */
function isSeenByKeeper(gone: StateFolder, id: string): boolean {
  return groupProcesses(readCgroupLayout(), keeperGroup(gone, id)).some((pid) =>
    existsSync(`/proc/${pid}/root${gone.home}`),
  );
}
