import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("neighbours");

/** A second sandbox lives beside this one: nothing of it may be seen. */
export const neighbourProbes: readonly Probe[] = [
  sh(
    "its processes",
    "that they are there",
    `ps -eo args= | grep -F "$NEIGHBOUR_TAG" | grep -vE 'grep|bash -c'`,
  ),
  python(
    "its files by /proc/*/root",
    "its files",
    `every("/proc/[0-9]*/root", lambda root: is_secret(f"{root}/root/{D.neighbour_tag}"))`,
  ),
  python(
    "its shared memory by /proc/*/root",
    "its shared memory",
    `every("/proc/[0-9]*/root", lambda root: is_secret(f"{root}/dev/shm/{D.neighbour_tag}"))`,
  ),
  python("its port", "its services", `hears(("127.0.0.1", D.neighbour_port))`),
  python(
    "its port on ::ffff:127.0.0.1",
    "its services",
    `hears(("::ffff:127.0.0.1", D.neighbour_port), socket.AF_INET6)`,
  ),
  python("its abstract socket", "its services", `hears("\\0" + D.neighbour_tag, socket.AF_UNIX)`),
  sh("its listening ports", "its services", `ss -ltn | grep -q ":$NEIGHBOUR_PORT "`),
  python("its SysV segment", "its shared memory", `call("shmget", D.neighbour_key, 0, 0)`),
  python(
    "its command lines",
    "what it does",
    `
# The runner's own name holds no tag.
every("/proc/[0-9]*/cmdline", lambda path: contains(path, D.neighbour_tag))`,
  ),
  python(
    "names of its sockets",
    "what it does",
    `need(contains("/proc/net/unix", D.neighbour_tag))`,
  ),
];
