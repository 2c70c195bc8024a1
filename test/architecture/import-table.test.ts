import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forbiddenImports, parseImports } from "./import-table.ts";

const ROOT = join(import.meta.dirname, "../..");
const FILES = globSync("{bot,worker,sandbox,screenshots,test}/**/*.{ts,tsx,mjs,css,sh}", {
  cwd: ROOT,
});

test("every import of the tree is allowed by the table", () => {
  expect(FILES.length).toBeGreaterThan(20);
  expect(
    FILES.flatMap((file) => forbiddenImports(file, readFileSync(join(ROOT, file), "utf8"))),
  ).toEqual([]);
});

test("no file is longer than 300 lines", () => {
  const long = FILES.map(
    (file) => [file, readFileSync(join(ROOT, file), "utf8").split("\n").length - 1] as const,
  );
  expect(long.filter(([, lines]) => lines > 300)).toEqual([]);
});

test.each([
  ["bot/main.ts", "../worker/runs/store.ts"],
  ["bot/replies/card.ts", "../slack/format.ts"],
  ["bot/slack/inbound.ts", "../commands/run.ts"],
  ["worker/protocol/task.ts", "../runs/store.ts"],
  ["worker/jobs/run.ts", "../../sandbox/network/relay.ts"],
  ["worker/jobs/run.ts", "../../bot/chat.ts"],
  ["worker/cli/up.ts", "../../bot/main.ts"],
  ["worker/cli/up.ts", "../setup/set-up.mjs"],
  ["worker/setup/say.mjs", "zod"],
  ["worker/setup/say.mjs", "../protocol/ids.ts"],
  ["sandbox/spec.ts", "../worker/config.ts"],
  ["screenshots/page.ts", "../sandbox/sandbox.ts"],
])("an import in %s of %s is refused", (file, target) => {
  for (const text of [
    `import { a } from "${target}";`,
    `import {\n  a,\n} from "${target}";`,
    `await import("${target}");`,
  ]) {
    expect(forbiddenImports(file, text)).toHaveLength(1);
  }
});

test.each([
  ["bot/main.ts", "../worker/protocol/client.ts"],
  ["worker/jobs/run.ts", "../../sandbox/sandbox.ts"],
  ["bot/slack/inbound.ts", "@slack/bolt"],
])("an import in %s of %s is allowed", (file, target) => {
  expect(forbiddenImports(file, `import type { A } from "${target}";`)).toEqual([]);
});

test("finds imports in each form", () => {
  const text = `import a from "./a.ts";\nexport * from './b.ts';\nimport "./c.css";\nconst d = await import("./d.ts");`;
  expect(parseImports(text)).toEqual(["./a.ts", "./b.ts", "./c.css", "./d.ts"]);
});
