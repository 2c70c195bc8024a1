/** Inside its user namespace; none of them reaches anything that the sandbox does not own. */
export const capabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
];

/** Docker's list, and `/proc/interrupts`, which tells neighbours' key strokes apart. */
export const maskedPaths: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
  // On v1 the folder that holds the hierarchies is a tmpfs, which runc leaves writable.
  "/sys/fs/cgroup",
];

/** A SysV segment outlives an OOM kill and keeps the cgroup full, hence the first three. */
export const sysctls: Readonly<Record<string, string>> = {
  "kernel.shm_rmid_forced": "1",
  "kernel.shmmax": String(64 * 1024 * 1024),
  "kernel.shmall": String((64 * 1024 * 1024) / 4096),
  "fs.mqueue.queues_max": "16",
  "net.ipv4.ip_unprivileged_port_start": "0",
};
