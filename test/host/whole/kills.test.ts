import { test } from "vitest";
import { surviveKills } from "./kills.ts";

test("six tasks go on while drivers, bot, supervisor and Redis are killed", {
  timeout: 600_000,
}, async () => {
  await surviveKills({
    seed: 20,
    kills: 8,
    roles: ["driver", "bot", "supervisor", "redis"],
    everyMs: 2_000,
  });
});
