import { stateFolder } from "../../../sandbox/state-folder.ts";
import type { WorkspaceMount } from "../../../sandbox/workspace.ts";
import { aStep, ask } from "./layers-fixture.ts";

/** `node make-main.ts HOME SHARED WORKSPACE COMMAND INPUT`: makes a layer, to be killed at it. */
const [home = "", shared = "", mount = "", command = "", input = ""] = process.argv.slice(2);
const workspace: WorkspaceMount = JSON.parse(mount);
await ask(stateFolder(home, shared), "killed", [aStep({ command, inputs: [input] })], workspace);
