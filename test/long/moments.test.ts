import { test } from "vitest";
import { surviveMoments } from "../host/life/kill-moments.ts";

test("200 kills spread over start and run: one sweep leaves nothing", async () => {
  await surviveMoments(200, 7);
});
