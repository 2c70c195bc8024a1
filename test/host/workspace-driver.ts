import { stateFolder } from "../../sandbox/state-folder.ts";
import { openStore } from "../../sandbox/workspace.ts";
import { caller } from "./workspace-fixture.ts";

/*
 * A driver that may be killed: node workspace-driver.ts HOME SHARED URL snapshot|land TASK [TREE].
 * Says on stderr when it begins, and prints what came of it as JSON.
 */
const [home = "", shared = "", url = "", verb = "", taskId = "", tree = ""] = process.argv.slice(2);
process.stderr.write("begun\n");
const store = await openStore({ folder: stateFolder(home, shared), url, caller });
if (verb === "land") {
  const outcome = await store.land(taskId, { branch: "main", expectedTree: tree });
  process.stdout.write(JSON.stringify(outcome));
} else {
  const { commit } = await store.fetch();
  await store.openWorkspace(taskId, commit);
  const author = { name: "Ada", email: "ada@example.org" };
  const trailers = { "Task-Id": taskId };
  const title = `${taskId} ${Date.now()}`;
  process.stdout.write(JSON.stringify(await store.snapshot(taskId, { title, author, trailers })));
}
