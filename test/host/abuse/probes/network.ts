import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("network");

function http(name: string, what: string, address: string, port = "80"): Probe {
  return python(name, what, `hears((${JSON.stringify(address)}, ${port}))`);
}

/** Sockets of the host and addresses that only the host should reach. */
export const networkProbes: readonly Probe[] = [
  python(
    "an abstract socket of the host",
    "talking to its services",
    `hears("\\0" + D.tag, socket.AF_UNIX)`,
  ),
  python(
    "an abstract datagram socket of the host",
    "talking to its services",
    `
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
one.sendto(b"x", "\\0" + D.tag + "-datagram")`,
  ),
  python(
    "a socket of the host by /proc/*/root",
    "talking to its services",
    `
for root in glob.glob("/proc/[0-9]*/root"):
    try:
        os.chdir(root + D.place)
        hears("socket", socket.AF_UNIX)
        raise SystemExit(0)
    except OSError:
        pass
refuse("nothing found")`,
  ),
  python(
    "a socket of the host by /proc/*/cwd",
    "talking to its services",
    `
for cwd in glob.glob("/proc/[0-9]*/cwd"):
    try:
        hears(cwd + "/socket", socket.AF_UNIX)
        raise SystemExit(0)
    except OSError:
        pass
refuse("nothing found")`,
  ),
  python(
    "names in /proc/net/unix",
    "names of the host's sockets",
    `need(contains("/proc/net/unix", D.tag))`,
  ),
  sh("listening ports of the host", "who listens", `ss -ltn | grep -q ":$PORT "`),
  python("tcp on 127.0.0.1 of the host", "its local services", `hears(("127.0.0.1", D.port))`),
  python("tcp on ::1 of the host", "its local services", `hears(("::1", D.port), socket.AF_INET6)`),
  python("tcp on 0.0.0.0", "its local services", `hears(("0.0.0.0", D.port))`),
  python(
    "tcp on ::ffff:127.0.0.1",
    "its local services",
    `hears(("::ffff:127.0.0.1", D.port), socket.AF_INET6)`,
  ),
  python(
    "udp on 127.0.0.1 of the host",
    "its local services",
    `hears(("127.0.0.1", D.port), kind=socket.SOCK_DGRAM)`,
  ),
  python("tcp on the host's own address", "its services", `hears((D.address, D.port))`),
  http("the metadata address", "keys of the machine", "169.254.169.254"),
  python("the metadata address on 443", "keys of the machine", `hears(("169.254.169.254", 443))`),
  http("an address of the internet", "a way out without the relay", "1.1.1.1"),
  python(
    "an address of the internet on 443",
    "a way out without the relay",
    `hears(("1.1.1.1", 443))`,
  ),
  python("dns elsewhere", "a way out by names", `hears(("1.1.1.1", 53), kind=socket.SOCK_DGRAM)`),
  python("dns elsewhere by tcp", "a way out by names", `hears(("1.1.1.1", 53))`),
  python(
    "the metadata address by the relay",
    "keys of the machine through the way out",
    `
request = b"GET /latest/meta-data/ HTTP/1.1\\r\\nHost: 169.254.169.254\\r\\nConnection: close\\r\\n\\r\\n"
hears((socket.gethostbyname(D.name), 80), question=request)`,
  ),
  python(
    "the host's loopback by the relay",
    "its local services through the way out",
    `
request = f"GET / HTTP/1.1\\r\\nHost: 127.0.0.1:{D.port}\\r\\nConnection: close\\r\\n\\r\\n".encode()
hears((socket.gethostbyname(D.name), 80), question=request)`,
  ),
  python(
    "an absolute address by the relay",
    "its local services through the way out",
    `
request = f"GET http://127.0.0.1:{D.port}/ HTTP/1.1\\r\\nHost: {D.name}\\r\\nConnection: close\\r\\n\\r\\n".encode()
hears((socket.gethostbyname(D.name), 80), question=request)`,
  ),
  python(
    "CONNECT by the relay",
    "its local services through the way out",
    `
request = f"CONNECT 127.0.0.1:{D.port} HTTP/1.1\\r\\nHost: 127.0.0.1:{D.port}\\r\\n\\r\\n".encode()
hears((socket.gethostbyname(D.name), 80), question=request)`,
  ),
  python(
    "another route",
    "interfaces beside lo",
    `need([name for _, name in socket.if_nameindex() if name != "lo"])`,
    "the loosened one's network is a fresh one, so that nothing touches the machine's",
  ),
];
