import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("sockets");
const absent = "the kernel that this was written on lacks this family";

function family(name: string, number: number, kind: number, notShown?: string): Probe {
  const code = `socket.socket(${number}, ${kind}, 0).close()`;
  return python(`family ${name}`, "code of the kernel that nothing inside needs", code, notShown);
}

function netlink(name: string, protocol: number, notShown?: string): Probe {
  return python(
    `netlink ${name}`,
    "talking to a part of the kernel",
    `socket.socket(16, socket.SOCK_RAW, ${protocol}).close()`,
    notShown,
  );
}

function option(name: string, what: string, level: string, number: string, value: string): Probe {
  return python(
    name,
    what,
    `
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.setsockopt(${level}, ${number}, ${value})`,
  );
}

/** Families of sockets, and options that want rights over the network. */
export const socketProbes: readonly Probe[] = [
  family("packet", 17, 3),
  family("packet, datagrams", 17, 2),
  family("vsock", 40, 1),
  family("xdp", 44, 3),
  family("alg", 38, 5, absent),
  family("key", 15, 3, absent),
  family("bluetooth", 31, 3, absent),
  family("can", 29, 3, absent),
  family("tipc", 30, 5, absent),
  family("rds", 21, 5, absent),
  family("smc", 43, 1, absent),
  family("kcm", 41, 5, absent),
  family("appletalk", 5, 2, absent),
  family("nfc", 39, 5, absent),
  netlink("usersock", 2),
  netlink("xfrm", 6),
  netlink("selinux", 7),
  netlink("iscsi", 8, absent),
  netlink("audit", 9),
  netlink("fib lookup", 10),
  netlink("connector", 11),
  netlink("netfilter", 12),
  netlink("uevents", 15),
  netlink("generic", 16),
  netlink("rdma", 20, absent),
  netlink("crypto", 21, absent),
  python(
    "raw ip",
    "packets with any sender",
    `socket.socket(socket.AF_INET, socket.SOCK_RAW, 255)`,
  ),
  python(
    "raw icmp",
    "packets with any sender",
    `socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)`,
  ),
  python(
    "raw ip v6",
    "packets with any sender",
    `socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)`,
  ),
  python("ping", "answers of the network", `socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)`),
  python(
    "sctp",
    "code of the kernel",
    `socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)`,
    absent,
  ),
  option("a mark on packets", "other routes", "socket.SOL_SOCKET", "36", "1"),
  option("transparent sender", "addresses of others", "socket.SOL_IP", "19", "1"),
  option("a buffer beyond the limit", "memory of the kernel", "socket.SOL_SOCKET", "33", "1 << 26"),
  option("priority of control traffic", "more than its share", "socket.SOL_SOCKET", "12", "7"),
  sh(
    "a new interface",
    "the network",
    `ip link add abuse0 type dummy && ip link delete abuse0 || ip link add abuse0 type veth peer name abuse1 && ip link delete abuse0`,
  ),
  sh(
    "an address",
    "the network",
    `ip address add 198.51.100.9/32 dev lo && ip address delete 198.51.100.9/32 dev lo`,
  ),
  sh(
    "a route",
    "the network",
    `ip route add 198.51.100.0/24 dev lo && ip route delete 198.51.100.0/24 dev lo`,
  ),
  sh("the interface taken down", "the network", `ip link set lo mtu 65000`),
  python(
    "a tunnel device",
    "the network",
    `
with open("/dev/net/tun", "r+b", buffering=0) as tun:
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"abuse0", 0x1001))`,
  ),
];
