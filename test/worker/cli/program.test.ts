import { expect, test } from "vitest";
import { exitCodeOf, sentenceOf } from "../../../worker/cli/exit.ts";
import { openProgram } from "../../../worker/cli/program.ts";

/** Says a command line to the program, in this process; nothing that starts work comes through. */
async function say(args: readonly string[]) {
  let said = "";
  const outlet = {
    write(text: string | Uint8Array) {
      said += text;
      return true;
    },
  };
  const program = openProgram({
    environment: { COLONY_HOME: "/nowhere" },
    cwd: "/",
    stdout: outlet,
    stderr: outlet,
    isInteractive: false,
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return { code: 0, said };
  } catch (error) {
    return { code: exitCodeOf(error), said: said + sentenceOf(error, false) };
  }
}

test.each([
  [["rnu", "x"], /unknown command 'rnu'.*Did you mean run\?/s],
  [["run", "--rpeo", "/x", "do"], /unknown option '--rpeo'.*Did you mean --repo\?/s],
  [["sandbox", "rn"], /unknown command 'rn'.*run/s],
  [["run"], /missing required argument 'request'/],
  [["run", " "], /request is empty/],
  [["run", "--agent", " ", "do it"], /--agent is empty/],
  [["run", "--repo", "/no/where", "do it"], /There is no repository at \/no\/where/],
  [["run", "--repo", "example.org/o/r", "do it"], /write https:\/\/example\.org\/o\/r/],
  [["run", "--repo", "/", "--base", "a b", "do it"], /is no branch name/],
  [["run", "--repo", "/", "--base", "-x", "do it"], /is no branch name/],
  [["merge", "nonsense"], /is no task/],
  [["reply", "k3f9ab", " "], /reply is empty/],
  [["agents", "install", "cdex"], /Did you mean codex/],
  [["sandbox", "run", "--memory", "lots", "--", "true"], /--memory` is `lots`|--memory is `lots`/],
])("%j is a wrong use, told in a sentence", async (args, sentence) => {
  const { code, said } = await say(args);
  expect(said).toMatch(sentence);
  expect(code).toBe(2);
});

test("help is asked for: code 0, every word and every exit code", async () => {
  const { code, said } = await say(["--help"]);
  expect(code).toBe(0);
  const words =
    "up bot worker doctor run ps logs attach reply stop diff merge retry discard preview agents sweep sandbox";
  for (const word of words.split(" ")) expect(said).toMatch(new RegExp(`^  ${word}\\b`, "m"));
  for (const exitCode of [0, 1, 2, 3, 4, 130])
    expect(said).toMatch(new RegExp(`^  ${exitCode}\\b`, "m"));
});
