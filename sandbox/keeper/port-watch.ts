import type { Network } from "../network/network.ts";

/** Answers a look at the listening ports, which calls back when the set is another than before. */
export function openPortWatch(
  network: Pick<Network, "listeningPorts"> | undefined,
  isWatched: () => boolean,
  onChange: (ports: readonly number[]) => void,
): () => void {
  let last: string | undefined;
  let isLooking = false;
  return () => {
    // Who comes later has seen nothing of what was told before.
    if (!isWatched()) last = undefined;
    if (network === undefined || isLooking || !isWatched()) return;
    isLooking = true;
    void network
      .listeningPorts()
      .then((ports) => {
        const now = ports.join(",");
        if (now === last) return;
        last = now;
        onChange(ports);
      })
      .catch(() => undefined)
      .finally(() => {
        isLooking = false;
      });
  };
}
