import type { RelayConfig } from "./relay-config.ts";
import { ownAddress } from "./stand-in.ts";

/**
 * The sockets that a relay is born with. Opening them is done by a few milliseconds of perl (of
 * Debian's essential perl-base) which then becomes the relay: while Node starts, connections and
 * questions of the sandbox wait in the kernel, and nobody has to wait for Node.
 *
 * `standIns` takes every connection to a stand-in address, whatever its port: a program of the
 * kernel's (BPF, `sk_lookup`) in this network namespace alone leads them there, so that a refusal on
 * any port is seen and said, and ports 80 and 443 stay free for servers inside. Where the kernel has
 * none, the `fallback` sockets stand in, and other ports are refused by the kernel without a word.
 */
export const standInsSocket = `tcp,${ownAddress},0`;
export const fallbackSockets = ["tcp,0.0.0.0,80", "tcp,0.0.0.0,443"] as const;

/** All but those two kinds, by name. */
export function relaySockets(config: RelayConfig): string[] {
  return [
    "udp,127.0.0.1,53",
    "tcp,127.0.0.1,53",
    ...config.forwards.map((port) => `tcp,127.0.0.1,${port}`),
    `unix,${config.dialerPath}`,
  ];
}

/** Maps a socket's name to its descriptor, if it was given; `fds` is what the holder wrote. */
export function inheritedSockets(fds: string): (socket: string) => number | undefined {
  const byName = new Map(
    fds.split(" ").map((pair): [string, number] => {
      const at = pair.lastIndexOf("=");
      return [pair.slice(0, at), Number(pair.slice(at + 1))];
    }),
  );
  return (name) => byName.get(name);
}

/** Name of the variable that carries the descriptors from the holder to the relay. */
export const fdsVariable = "COLONY_RELAY_FDS";

/**
 * The holder's program. Arguments: the sockets, the relay's uid and gid (the network's sockets are to
 * be its own), `1` to do without the kernel's program, and what it becomes. It reads nothing of anybody's.
 *
 * The program for the kernel, in words: a TCP connection over IPv4 to 198.18.0.0/15, but for the
 * sandbox's own address, goes to the socket in the map; everything else as ever. Its link is a
 * descriptor that the relay inherits: when the relay ends, the kernel takes the program away.
 */
export const holderProgram = `
use Socket; use Fcntl; $^F = 1000; $| = 1;
my ($names, $uid, $gid, $plain) = splice @ARGV, 0, 4;
my (@held, @fds);
sub opened {
  my ($kind, $host, $port) = split /,/, $_[0]; my $s; my $udp = $kind eq "udp";
  if ($kind ne "unix") { $) = "$gid $gid"; $> = $uid; }
  socket($s, $kind eq "unix" ? PF_UNIX : PF_INET, $udp ? SOCK_DGRAM : SOCK_STREAM, 0) or die "$_[0]: $!";
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($s, $kind eq "unix" ? pack_sockaddr_un($host) : pack_sockaddr_in($port, inet_aton($host)))
    or die "$_[0]: $!";
  $udp or listen($s, 511) or die "$_[0]: $!";
  $> = 0; $) = "0 0";
  push @held, $s; push @fds, "$_[0]=" . fileno $s;
  return fileno $s;
}
sub bpf {
  my ($command, $attributes) = @_; $attributes .= "\\0" x (128 - length $attributes);
  my $made = syscall(321, $command, $attributes, 128); $made < 0 and die "bpf $command: $!"; return $made;
}
sub at { return unpack "Q", pack "P", $_[0] }
sub lead {
  my ($target) = @_;
  my $map = bpf(0, pack "LLLL", 15, 4, 8, 1);
  my ($key, $value) = (pack("L", 0), pack("Q", $target));
  bpf(2, pack "L x4 Q Q Q", $map, at($key), at($value), 0);
  my ($mask, $net, $own) = map { unpack "l<", pack "C4", @$_ } [255,254,0,0], [198,18,0,0], [198,18,0,1];
  my @steps = (
    [0xbf,6,1,0,0], [0x61,2,6,8,0], [0x55,2,0,20,2], [0x61,2,6,12,0], [0x55,2,0,18,6],
    [0x61,2,6,40,0], [0x16,2,0,16,$own], [0x54,2,0,0,$mask], [0x56,2,0,14,$net],
    [0x62,10,0,-4,0], [0xbf,2,10,0,0], [0x07,2,0,0,-4], [0x18,1,1,0,$map], [0,0,0,0,0],
    [0x85,0,0,0,1], [0x15,0,0,7,0], [0xbf,7,0,0,0], [0xbf,1,6,0,0], [0xbf,2,7,0,0],
    [0xb7,3,0,0,0], [0x85,0,0,0,124], [0xbf,1,7,0,0], [0x85,0,0,0,86],
    [0xb7,0,0,0,1], [0x95,0,0,0,0]);
  my $code = join "", map { my ($c, $d, $s, $o, $i) = @$_; pack "CCsl<", $c, $d | $s << 4, $o, $i } @steps;
  my $license = "GPL\\0";
  my $program = bpf(5, pack "LLQQLLQLLa16LL", 30, @steps + 0, at($code), at($license), 0, 0, 0, 0, 0, "colony", 0, 36);
  open my $here, "<", "/proc/self/ns/net" or die $!;
  my $link = bpf(28, pack "LLLL", $program, fileno $here, 36, 0);
  open my $kept, "<&=", $link or die $!; fcntl($kept, F_SETFD, 0) or die $!; push @held, $kept;
}
opened($_) for split / /, $names;
my $leads = !$plain && $^O eq "linux" && eval { lead(opened("${standInsSocket}")); 1 };
if (!$leads) { opened($_) for qw(${fallbackSockets.join(" ")}) }
@fds = grep { !/^${standInsSocket}=/ } @fds unless $leads;
$ENV{${fdsVariable}} = join " ", @fds;
print qq({"report":"listening"}\\n);
exec @ARGV or die "$ARGV[0]: $!";
`;
