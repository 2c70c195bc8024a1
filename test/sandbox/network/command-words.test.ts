import { expect, test } from "vitest";
import { renderCommand } from "../../../sandbox/network/command-words.ts";

test.each([
  [["npm", "ci"], "npm ci"],
  [["curl", "-H", "Authorization: Bearer x", "https://a.test/"], "curl -H … https://a.test/"],
  [["curl", "-HAuthorization: x", "https://a.test/?q=1#f"], "curl -H… https://a.test/?…"],
  [["curl", "--header=X: y", "-u", "ada:pw", "a.test"], "curl --header=… -u … a.test"],
  [["curl", "-d", "secret=1", "--data-raw", "x", "a.test"], "curl -d … --data-raw … a.test"],
  [["git", "clone", "https://ada:token@a.test/r.git"], "git clone https://…@a.test/r.git"],
  [["env", "API_TOKEN=abc", "MODE=fast", "run"], "env API_TOKEN=… MODE=fast run"],
  [
    ["sh", "-c", "curl -H 'X: secret words' 'https://a.test/x?k=v' && TOKEN=abc run"],
    "sh -c curl -H … 'https://a.test/x?…' && TOKEN=… run",
  ],
  [["a\nb", "\u202ec"], "a b  c"],
])("%j is told as %j", (argv, line) => {
  expect(renderCommand(argv)).toBe(line);
});

test("a command line is cut, however long it is", () => {
  expect(renderCommand(Array.from({ length: 1_000 }, () => "word".repeat(100)))).toHaveLength(200);
});
