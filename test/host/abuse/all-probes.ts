import type { Probe } from "./probe.ts";
import { cgroupProbes } from "./probes/cgroups.ts";
import { deviceProbes } from "./probes/devices.ts";
import { hostFileProbes } from "./probes/host-files.ts";
import { kernelProbes } from "./probes/kernel.ts";
import { kernelFileProbes } from "./probes/kernel-files.ts";
import { launcherProbes } from "./probes/launcher.ts";
import { mountProbes } from "./probes/mounts.ts";
import { namespaceProbes } from "./probes/namespaces.ts";
import { neighbourProbes } from "./probes/neighbours.ts";
import { networkProbes } from "./probes/network.ts";
import { privilegeProbes } from "./probes/privileges.ts";
import { processProbes } from "./probes/processes.ts";
import { sharedMemoryProbes } from "./probes/shared-memory.ts";
import { socketProbes } from "./probes/sockets.ts";

/** Those that one sandbox takes one after the other. */
export const probes: readonly Probe[] = [
  ...hostFileProbes,
  ...launcherProbes,
  ...processProbes,
  ...neighbourProbes,
  ...networkProbes,
  ...socketProbes,
  ...sharedMemoryProbes,
  ...kernelProbes,
  ...kernelFileProbes,
  ...deviceProbes,
  ...cgroupProbes,
  ...privilegeProbes,
  ...namespaceProbes,
  ...mountProbes,
];
