import { describe, test } from "vitest";
import { surviveKills } from "../host/whole/kills.ts";

describe("six tasks while drivers, bot, supervisor and Redis are killed", () => {
  test.for([1, 2, 3, 4, 5])("seed %i", async (seed) => {
    await surviveKills({
      seed,
      kills: 20,
      roles: ["driver", "bot", "supervisor", "redis"],
      everyMs: 1_500,
    });
  });
});

test("keepers die too: their runs are lost and told, Retry goes on, each change lands once", async () => {
  await surviveKills({ seed: 4, kills: 6, roles: ["keeper", "keeper", "driver"], everyMs: 2_500 });
});
