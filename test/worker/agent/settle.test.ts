import { expect, test } from "vitest";
import { hasConflict, settleConflicts } from "../../../worker/agent/scripted/settle.ts";

const forms: Record<string, string> = {
  "git with the base between": `a
<<<<<<< ours
one
||||||| base
zero
=======
two
>>>>>>> theirs
z
`,
  "git without the base": `a
<<<<<<< ours
one
=======
two
>>>>>>> theirs
z
`,
  "jj's diff style": `a
<<<<<<< Conflict 1 of 1
%%%%%%% Changes from base to side #1
-zero
+one
+++++++ Contents of side #2
two
>>>>>>> Conflict 1 of 1 ends
z
`,
  "jj's snapshot style": `a
<<<<<<< Conflict 1 of 1
+++++++ Contents of side #1
one
------- Contents of base
zero
+++++++ Contents of side #2
two
>>>>>>> Conflict 1 of 1 ends
z
`,
};

test.each(Object.entries(forms))("%s: both sides are kept, the base is not", (_, text) => {
  expect(hasConflict(text)).toBe(true);
  const settled = settleConflicts("a.txt", text);
  expect(settled).toBe("a\none\ntwo\nz\n");
  expect(hasConflict(settled)).toBe(false);
});

test("a line that both sides hold is kept once; a block without an end is refused", () => {
  const text = "<<<<<<< a\nsame\none\n=======\nsame\ntwo\n>>>>>>> b\n";
  expect(settleConflicts("a.txt", text)).toBe("same\none\ntwo\n");
  expect(() => settleConflicts("a.txt", "<<<<<<< a\none\n")).toThrow("a.txt has conflict markers");
});
