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
