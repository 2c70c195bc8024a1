import { randomInt } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Probe } from "./probe.ts";

/** What is armed, for decoys and probes alike. */
export interface Decoys {
  /** Folder of the host that everybody may read: only the sandbox keeps a probe out of it. */
  readonly place: string;
  readonly tag: string;
  readonly secret: string;
  readonly key: number;
  readonly port: number;
  /** The host's address on its own network. */
  readonly address: string;
  /** A name that the relay lets through. */
  readonly name: string;
  readonly neighbour_tag: string;
  readonly neighbour_port: number;
  readonly neighbour_key: number;
}

/** The folder of one run of the suite, with the programs that go into the sandbox. */
export interface Place {
  readonly decoys: Decoys;
  /** Bound to `/opt/abuse` inside. */
  readonly inside: string;
  /** Writes which probes the runner is to try next. */
  plan(probes: readonly Probe[], seconds?: number): void;
}

/** Makes it below `home`. */
export function makePlace(home: string): Place {
  const number = randomInt(100_000, 1_000_000);
  const place = join(home, `abuse-${number}`);
  const inside = join(place, "inside");
  mkdirSync(place, { mode: 0o755 });
  cpSync(join(import.meta.dirname, "inside"), inside, { recursive: true });
  const decoys: Decoys = {
    place,
    tag: `abuse-${number}`,
    secret: `a secret of the host ${number}`,
    key: number,
    port: 20_000 + (number % 10_000),
    address: ownAddress(),
    name: "abuse.example.org",
    neighbour_tag: `neighbour-${number}`,
    neighbour_port: 30_001 + (number % 2_000),
    neighbour_key: number + 1_000_000,
  };
  writeFileSync(join(place, "secret"), `${decoys.secret}\n`, { mode: 0o644 });
  writeFileSync(join(inside, "decoys.json"), JSON.stringify(decoys));
  for (const folder of [place, inside]) chmodSync(folder, 0o755);
  return {
    decoys,
    inside,
    plan(probes, seconds = 20) {
      writeFileSync(join(inside, "plan.json"), JSON.stringify({ decoys, probes, seconds }));
    },
  };
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.find((one) => one.family === "IPv4" && !one.internal)?.address ?? "192.0.2.9";
}

/** How one probe went. */
export interface ProbeResult {
  readonly name: string;
  readonly fired: boolean;
  readonly status: number | string | null;
  readonly said: string;
}

const resultSchema = z.object({
  name: z.string(),
  fired: z.boolean(),
  status: z.union([z.number(), z.string(), z.null()]),
  said: z.string(),
});

/** The runner's output: one JSON object a line. */
export function parseResults(output: string): ProbeResult[] {
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => resultSchema.parse(JSON.parse(line)));
}
