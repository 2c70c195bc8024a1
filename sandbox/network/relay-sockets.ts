import type { RelayConfig } from "./relay-config.ts";

/**
 * The sockets that a relay is born with, in the order of their descriptors. Listening for them is
 * done by five milliseconds of perl (of Debian's essential perl-base) which then becomes the relay:
 * while Node starts, connections and questions of the sandbox wait in the kernel, and nobody has to
 * wait for Node.
 */
export function relaySockets(config: RelayConfig): string[] {
  return [
    "udp,127.0.0.1,53",
    "tcp,127.0.0.1,53",
    "tcp,0.0.0.0,80",
    "tcp,0.0.0.0,443",
    ...config.forwards.map((port) => `tcp,127.0.0.1,${port}`),
    `unix,${config.dialerPath}`,
  ];
}

/** Maps a name that `relaySockets` gave to its descriptor; `fds` is what the holder wrote. */
export function inheritedSockets(config: RelayConfig, fds: string): (socket: string) => number {
  const numbers = fds.split(",").map(Number);
  const byName = new Map(relaySockets(config).map((name, index) => [name, numbers[index]]));
  return (name) => {
    const fd = byName.get(name);
    if (fd === undefined || Number.isNaN(fd)) throw new Error(`no socket for ${name} was given`);
    return fd;
  };
}

/** Name of the variable that carries the descriptors from the holder to the relay. */
export const fdsVariable = "COLONY_RELAY_FDS";

/** The holder's program: its first argument are the sockets, the rest is what it becomes. */
export const holderProgram = `
use Socket; $^F = 1000; $| = 1;
my @held;
for (split / /, shift) {
  my ($kind, $host, $port) = split /,/; my $s; my $udp = $kind eq "udp";
  socket($s, $kind eq "unix" ? PF_UNIX : PF_INET, $udp ? SOCK_DGRAM : SOCK_STREAM, 0) or die "$_: $!";
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($s, $kind eq "unix" ? pack_sockaddr_un($host) : pack_sockaddr_in($port, inet_aton($host)))
    or die "$_: $!";
  $udp or listen($s, 511) or die "$_: $!";
  push @held, $s;
}
$ENV{${fdsVariable}} = join ",", map { fileno $_ } @held;
print qq({"report":"listening"}\\n);
exec @ARGV or die "$ARGV[0]: $!";
`;
