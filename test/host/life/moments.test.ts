import { test } from "vitest";
import { surviveMoments } from "./kill-moments.ts";

test("20 kills spread over start and run: one sweep leaves nothing", async () => {
  await surviveMoments(20, 1);
}, 600_000);
