import { test } from "vitest";
import { surviveStorm } from "./storm.ts";

// All hundred rounds are in test/long.
test("6 times: files are saved and others' written while an agent swaps folders and links", async () => {
  await surviveStorm(6);
});
