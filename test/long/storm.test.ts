import { test } from "vitest";
import { surviveStorm } from "../host/hostile/storm.ts";

test("100 times: files are saved and others' written while an agent swaps folders and links", async () => {
  await surviveStorm(100);
});
