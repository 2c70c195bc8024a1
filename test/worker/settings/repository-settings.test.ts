import { expect, test } from "vitest";
import { parseRepositorySettings } from "../../../worker/settings/repository-settings.ts";
import { SettingsError } from "../../../worker/settings/settings-error.ts";

function problemsOf(text: string): SettingsError {
  try {
    parseRepositorySettings(text);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

test("no file and no wishes are the same", () => {
  expect(parseRepositorySettings("")).toEqual({});
  expect(parseRepositorySettings("# later\n")).toEqual({});
});

test("every key, with values as they were written", () => {
  const settings = parseRepositorySettings(`
agent: codex
permissions: bypass
setup: npm ci
check: |
  npm run lint
  npm test
preview: {command: npm start, port: 3000, path: /login}
env:
  VERSION: 1.10
  ZIP: 0123
  ANSWER: yes
egress: [packages, API.example.com, "*.example.org"]
limits: {memory: 1.5G, pids: 256, cpus: 0.5, disk: 512MiB, files: 4096, setupTime: 90s, checkTime: 1h}
`);
  expect(settings).toEqual({
    agent: "codex",
    permissions: "bypass",
    setup: "npm ci",
    check: "npm run lint\nnpm test",
    preview: { command: "npm start", port: 3000, path: "/login" },
    env: { VERSION: "1.10", ZIP: "0123", ANSWER: "yes" },
    egress: { kind: "packages", alsoNames: ["api.example.com", "*.example.org"] },
    limits: {
      memory: 1.5 * 1024 ** 3,
      pids: 256,
      cpus: 0.5,
      disk: 512 * 1024 ** 2,
      files: 4096,
      setupTime: 90_000,
      checkTime: 3_600_000,
    },
  });
});

test("a wrong key is answered with line, what was expected and the nearest name", () => {
  const error = problemsOf("agent: codex\n\nchekc: npm test\n");
  expect(error.problems).toMatchObject([{ line: 3, column: 1, key: "chekc", nearest: "check" }]);
  expect(error.message).toMatch(/\.colony\.yml.*Line 3: `chekc`.*check.*Did you mean `check`\?/);
});

test("a wrong key further in is compared with the names there", () => {
  const error = problemsOf("limits:\n  memory: 1G\n  memroy: 4G\n");
  expect(error.problems).toMatchObject([{ line: 3, key: "limits.memroy", nearest: "memory" }]);
});

test("a name that is near to nothing gets no suggestion", () => {
  expect(problemsOf("zzzzzzzzzz: 1\n").message).not.toContain("Did you mean");
});

test.each([
  ["limits: {pids: lots}", "limits.pids", /`lots`; expected a whole number/],
  ["limits: {memory: -1G}", "limits.memory", /expected a size/],
  ["limits: {memory: 1K}", "limits.memory", /at least 64M/],
  ["limits: {memory: 99999999999999999G}", "limits.memory", /expected a size/],
  ["limits: {checkTime: 10}", "limits.checkTime", /expected a time such as 90s/],
  ["limits: []", "limits", /a list; expected limits/],
  ["preview: 3000", "preview", /expected \{command/],
  ["preview: {port: 70000}", "preview.port", /from 1 to 65535/],
  ["preview: {path: login}", "preview.path", /begins with \//],
  ["check: [npm, test]", "check", /a list; expected a command line/],
  ["check:", "check", /empty; expected a command line/],
  ["env: {1X: a}", "env.1X", /letters, digits and _/],
  ["env: {A: {B: c}}", "env.A", /a group of keys; expected text/],
  ["egress: package", "egress", /Did you mean `packages`/],
  ["egress: [packages, 'evil.example.com:70000']", "egress.1", /ports go from 1 to 65535/],
  ['egress: ["a\\0b.example.com"]', "egress.0", /which has a NUL byte in it/],
  ["egress: [example.com.]", "egress.0", /ends in a dot; write example\.com/],
  ["egress: [bücher.example]", "egress.0", /is not ASCII; write xn--bcher-kva\.example/],
  ["egress: ['0x7f.1']", "egress.0", /an address in disguise/],
  ["egress: ['2130706433']", "egress.0", /an address in disguise/],
  ["egress: ['::ffff:127.0.0.1']", "egress.0", /is an address; a list has names/],
  ["egress: ['127.0.0.1:80']", "egress.0", /is an address; a list has names/],
  ["egress: ['https://example.com/x']", "egress.0", /give its host name alone/],
  ["egress: [none, open]", "egress", /`none` alone/],
  ["permissions: byppass", "permissions", /Did you mean `bypass`/],
])("%s is refused where it stands", (text, key, sentence) => {
  const error = problemsOf(text);
  expect(error.problems[0]).toMatchObject({ line: 1, key });
  expect(error.message).toMatch(sentence);
});

test("all problems are told, in the order of their lines", () => {
  const error = problemsOf("a: 1\nlimits: {pids: x}\nb: 2\n");
  expect(error.problems.map(({ line }) => line)).toEqual([1, 2, 3]);
});

test.each([
  ["aliases", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", /Anchors/],
  ["a lone alias", "check: *nothing\n", /Alias|YAML/],
  ["a doubled key", "check: a\ncheck: b\n", /Line 2: This key stands twice/],
  ["a NUL", "check: a\nsetup: \0\n", /Line 2: .*control character/],
  ["an escape code", "check: \x1b[2J\n", /control character/],
  ["deep lists", "[".repeat(30_000), /nested too deeply/],
  ["deep maps", "{a: ".repeat(8_000), /nested too deeply/],
  ["deep list marks", "- ".repeat(20_000), /nested too deeply/],
  ["a second document", "check: a\n---\ncheck: b\n", /second document/],
  ["a tag", "check: !!binary aGk=\n", /Tags/],
  ["a tab", "limits:\n\tpids: 300\n", /tab/],
  ["an open quote", "check: 'npm test\n", /quote/],
  ["a map as key", "? {a: b}\n: c\n", /plain word/],
  ["a merge key", "<<: {check: a}\n", /`<<` is not known/],
  ["a key that is also a property", "__proto__: {check: a}\n", /`__proto__` is not known/],
  ["a large file", `check: ${"x".repeat(70_000)}\n`, /at most 65536/],
  ["a list at the top", "- check: a\n", /a list; expected keys/],
])("%s is refused with a sentence", (_, text, sentence) => {
  expect(problemsOf(text).message).toMatch(sentence);
});

test("the message of a hostile file stays short and on one line", () => {
  const text = Array.from({ length: 2_000 }, (_, i) => `"k${i}\\n\`x": ${"y".repeat(10)}`);
  const { message } = problemsOf(text.join("\n"));
  expect(message.length).toBeLessThan(1_500);
  expect(message).not.toContain("\n");
});
