import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("kernel files");
const absent = "the kernel that this was written on has no such file";

function read(path: string, what: string, notShown?: string): Probe {
  return python(`read ${path}`, what, `reads("${path}")`, notShown);
}

function write(path: string, what: string, notShown?: string): Probe {
  return python(`write ${path}`, what, `opens("${path}", os.O_WRONLY)`, notShown);
}

/** Files of /proc and /sys that speak of, or to, the whole machine. */
export const kernelFileProbes: readonly Probe[] = [
  read("/proc/kcore", "the memory of the machine", absent),
  python("open /proc/kmsg", "the kernel's messages", `opens("/proc/kmsg")`),
  python("open /proc/kpagecount", "the memory's use", `opens("/proc/kpagecount")`),
  python("open /proc/kpageflags", "the memory's use", `opens("/proc/kpageflags")`),
  read("/proc/interrupts", "when neighbours type"),
  read("/proc/timer_list", "timers of others"),
  read("/proc/keys", "keys of others"),
  read("/proc/slabinfo", "the kernel's memory"),
  read("/proc/vmallocinfo", "addresses of the kernel"),
  read("/proc/pagetypeinfo", "the machine's memory"),
  read("/proc/sched_debug", "processes of others", absent),
  python(
    "list /proc/acpi",
    "the machine's parts",
    `need(os.listdir("/proc/acpi"))`,
    "the folder is empty on the kernel that this was written on",
  ),
  sh(
    "addresses in /proc/kallsyms",
    "where the kernel lies",
    `grep -qv '^0000000000000000' /proc/kallsyms`,
  ),
  sh(
    "addresses in /proc/iomem",
    "where the machine's memory lies",
    `grep -qE '^ *[0-9a-f]*[1-9a-f][0-9a-f]*-' /proc/iomem`,
  ),
  sh("addresses in /proc/modules", "where modules lie", `grep -q 0xffff /proc/modules`, absent),
  write("/proc/sysrq-trigger", "the machine's power", absent),
  write("/proc/mtrr", "the memory's caching"),
  write("/proc/irq/default_smp_affinity", "the processors of interrupts"),
  write("/proc/sys/kernel/core_pattern", "a program that the host starts at a crash"),
  write("/proc/sys/kernel/modprobe", "a program that the host starts", absent),
  write("/proc/sys/kernel/hotplug", "a program that the host starts", absent),
  write("/proc/sys/kernel/panic", "the machine's power"),
  write("/proc/sys/vm/drop_caches", "the machine's memory"),
  write("/proc/sys/vm/overcommit_memory", "the machine's memory"),
  write("/proc/sys/fs/file-max", "the machine's open files"),
  write("/proc/sys/kernel/ns_last_pid", "numbers of processes", absent),
  write("/proc/sys/net/ipv4/ip_forward", "the network"),
  write("/proc/sys/kernel/shm_rmid_forced", "segments that outlive their makers"),
  write("/proc/sys/fs/binfmt_misc/register", "a program that the host starts", absent),
  python("list /sys/firmware", "the machine's firmware", `need(os.listdir("/sys/firmware"))`),
  python(
    "list /sys/kernel/debug",
    "the kernel's inside",
    `need(os.listdir("/sys/kernel/debug"))`,
    "debugfs is not mounted where this was written",
  ),
  python(
    "list /sys/kernel/tracing",
    "the kernel's inside",
    `need(os.listdir("/sys/kernel/tracing"))`,
    "tracefs is not mounted where this was written",
  ),
  write("/sys/power/state", "the machine's power"),
  write("/sys/kernel/uevent_helper", "a program that the host starts", absent),
  write("/sys/kernel/mm/transparent_hugepage/enabled", "the machine's memory"),
  write("/sys/block/vda/queue/scheduler", "the machine's disk"),
  write("/sys/class/net/lo/mtu", "the network"),
  python(
    "write a driver's unbind",
    "the machine's parts",
    `
paths = glob.glob("/sys/bus/pci/drivers/*/unbind")
need(paths)
opens(paths[0], os.O_WRONLY)`,
  ),
  python(
    "the memory of PID 1",
    "the first process of the sandbox",
    `opens("/proc/1/mem", os.O_RDWR)`,
  ),
];
