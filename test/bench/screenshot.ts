import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { findChromium } from "../../screenshots/flags.ts";
import prepareHost from "../global-setup.ts";
import { startPictures } from "../host/pictures-service.ts";
import { openTestSite, page } from "../host/test-site.ts";
import { type Bench, figuresOf, roundsOf } from "./bench.ts";
import { openRawChromium } from "./raw-chromium.ts";

const rounds = roundsOf(10);
/** The kernel counts in ticks of 10 ms: several captures make one sample. */
const capturesPerRound = 5;
const msPerTick = 10;

const app = page(`<!doctype html><title>Bakery</title><style>body{font:18px sans-serif;margin:2em}
  .card{display:inline-block;width:200px;height:120px;margin:8px;border-radius:12px;
  background:linear-gradient(45deg,gold,tomato);box-shadow:0 4px 12px #0004}</style>
  <h1>Bakery 🥖</h1><div id="cards"></div><script>
  for (let i = 0; i < 40; i++) cards.insertAdjacentHTML("beforeend", '<div class="card">Bread ' + i + "</div>");
  </script>`);

/** A warm capture by the service against the same page by raw protocol, in CPU time. */
export const bench: Bench = {
  name: "screenshot",
  async run(say) {
    prepareHost();
    await using site = await openTestSite(app);
    await using pictures = await startPictures();
    await using raw = await openRawChromium(findChromium() ?? "");
    const samples = { ours: [] as number[], peer: [] as number[], elapsed: [] as number[] };
    const capture = () => pictures.shoot(site);
    const shoot = () => raw.shoot(`http://127.0.0.1:${site.hostPort}/`);
    await capture();
    await shoot();
    for (let round = 0; round < rounds; round++) {
      const startedMs = performance.now();
      samples.ours.push(await cpuMs(pictures.pid!, capture));
      samples.elapsed.push((performance.now() - startedMs - settleMs) / capturesPerRound);
      samples.peer.push(await cpuMs(raw.pid, shoot));
      say(`${samples.ours.at(-1)} ms against ${samples.peer.at(-1)} ms of CPU time`);
    }
    return [
      {
        name: "warm screenshot, CPU time",
        unit: "ms",
        ours: figuresOf(samples.ours),
        peer: { name: "the same page by raw protocol", ...figuresOf(samples.peer) },
        mark: { atMost: 5, of: "ratio" },
        remark: "Ours: browser, proxy and driver, with waiting for a settled page and freezing it.",
      },
      {
        name: "warm screenshot, request to picture",
        unit: "ms",
        ours: figuresOf(samples.elapsed),
        remark: "At least 0.25 s of it is waiting for a quiet page.",
      },
    ];
  },
};

const settleMs = 500;

/** CPU time of a process and its family for one act, with the end of what it started. */
async function cpuMs(pid: number, act: () => Promise<unknown>): Promise<number> {
  const before = familyTicks(pid);
  for (let i = 0; i < capturesPerRound; i++) await act();
  await sleep(settleMs);
  return ((familyTicks(pid) - before) * msPerTick) / capturesPerRound;
}

function familyTicks(root: number): number {
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      parents.set(pid, Number(fields[1]));
      // User and system time, its own and that of children that have ended.
      ticks.set(
        pid,
        fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
      );
    } catch {
      // It ended meanwhile; its time is with its parent.
    }
  }
  const isOfFamily = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isOfFamily(parents.get(pid)));
  return [...ticks].reduce((sum, [pid, count]) => sum + (isOfFamily(pid) ? count : 0), 0);
}
