// A slow and lossy link. Small kernels have no netem, so frames take a way through a program that holds them back.
import { LabError, until } from "@fleet/lab";
import type { Holder } from "../holder.js";
import { launch } from "../launch.js";
import { bridgeName, linkGroup, mendLink } from "../network.js";
import type { LabPaths } from "../paths.js";

/** What a link does to frames, in each direction alike. */
export interface Impairment {
  readonly delayMs: number;
  /** 0 to 100. */
  readonly lossPercent: number;
}

const upTimeoutMs = 10_000;

// Two taps, and between them whatever has come in on the one goes out on the other, later or never. Perl, because it is
// part of every Debian, and Node cannot make a tap. A tap asks the kernel for finished checksums; a packet socket on one
// of the link's own ends would not.
const forwarder = `
use strict; use POSIX ();
sub now { (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }
my ($delay, $loss, @names) = @ARGV;
my @taps = map {
  open(my $tap, '+<', '/dev/net/tun') or die "no /dev/net/tun: $!\\n";
  my $request = pack('Z16 s x22', $_, 0x1002);
  ioctl($tap, 0x400454ca, $request) or die "cannot make $_: $!\\n";
  $tap;
} @names;
my @held = ([], []);
while (1) {
  my $now = now();
  for my $to (0, 1) {
    while (@{$held[$to]} && $held[$to][0][0] <= $now) {
      syswrite($taps[$to], (shift @{$held[$to]})->[1]);
    }
  }
  my ($next) = sort { $a <=> $b } map { @$_ ? $_->[0][0] - $now : () } @held;
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for @taps;
  next unless select($ready, undef, undef, $next) > 0;
  for my $from (0, 1) {
    next unless vec($ready, fileno($taps[$from]), 1);
    sysread($taps[$from], my $frame, 65536) or next;
    next if rand(100) < $loss;
    push @{$held[1 - $from]}, [now() + $delay / 1000, $frame];
  }
}`;

/**
 * Makes a part's link slow (by multiples of 10 ms) and lossy, from its next frame on; connections live on. Ends with
 * `mendLink`, and with a power cut of the part.
 * @throws {LabError} `missing` where the kernel has no taps.
 */
export async function impairLink(
  holder: Holder,
  paths: LabPaths,
  part: string,
  { delayMs, lossPercent }: Impairment,
): Promise<void> {
  await mendLink(holder, part);
  const log = `${paths.logs}/${linkGroup(part)}.log`;
  const taps = [`t-${part}`, `u-${part}`];
  const started = launch(
    holder,
    linkGroup(part),
    ["perl", "-e", forwarder, String(delayMs), String(lossPercent), ...taps],
    log,
  );
  await until("the link's forwarder", { timeoutMs: upTimeoutMs, everyMs: 10 }, async () => {
    if (started.exitStatus() !== undefined) {
      throw new LabError("missing", `cannot slow a link down; see ${log}`, {
        hint: "It needs perl and /dev/net/tun.",
      });
    }
    return await holder.run('ip link show "u-$1"', part).then(
      () => true,
      () => false,
    );
  });
  // The part's end moves to a bridge of its own; the only way from there is through the forwarder.
  await holder.run(
    `ip link add "b-$1" type bridge forward_delay 0
    ip link set "b-$1" up
    ip link set "t-$1" master "b-$1" up
    ip link set "u-$1" master ${bridgeName} up
    ip link set "v-$1" master "b-$1"`,
    part,
  );
}
