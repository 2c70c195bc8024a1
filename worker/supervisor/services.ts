import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { seeingOnly } from "../../sandbox/sandbox.ts";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { startScreenshots } from "../../screenshots/screenshots.ts";
import { prepareGatewayFolder } from "../gateway/client.ts";
import { gatewayArgv } from "../gateway/launch.ts";
import { preparePreviewKey, previewKeyPath } from "../preview/key.ts";
import { hostPath } from "../process/host-path.ts";
import { asNobody } from "../process/lowered.ts";
import { diesWithUs } from "../process/start-process.ts";
import { readColonyUser } from "../process/system-user.ts";
import type { RunContext } from "../runs/run-context.ts";
import { keepChild } from "./child.ts";
import { screenshotsFolder } from "./paths.ts";

/** The host's unprivileged helpers: model gateway, preview proxy, warm browser. */
export async function openServices(
  context: RunContext,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AsyncDisposable> {
  const { config, log } = context;
  const { folder, codeRoot, nodePath } = config;
  const user = await readColonyUser();
  await prepareLogs(folder, user);
  await prepareGatewayFolder(folder, user);
  await preparePreviewKey(folder, user);
  await using stack = new AsyncDisposableStack();
  const common = {
    PATH: hostPath,
    COLONY_HOME: folder.home,
    COLONY_SHARED: folder.shared,
    COLONY_PREVIEW_PORT: String(config.previewPort),
  };
  const plain = { stdio: ["ignore", "inherit", "inherit"], detached: true, log } as const;
  stack.use(
    await keepChild({
      ...plain,
      name: "gateway",
      argv: gatewayArgv(user, nodePath, codeRoot),
      env: { ...common, ...modelEnvironment(environment) },
    }),
  );
  stack.use(
    await keepChild({
      ...plain,
      name: "preview",
      // The kernel forgets whom it is to die with when the user changes.
      argv: [
        ...asNobody(user),
        ...diesWithUs("KILL"),
        ...(await seeingOnly(folder, [codeRoot, dirname(nodePath), previewKeyPath(folder)])),
        nodePath,
        join(codeRoot, "worker/preview/main.ts"),
      ],
      env: common,
    }),
  );
  // Without pictures everything else still works: the thread says that there are none.
  const screenshots = await startScreenshots({
    folder: screenshotsFolder(folder),
    nodePath,
    codeRoot,
    uid: user.uid,
    gid: user.gid,
    hiddenPaths: [folder.sandboxes, folder.repositories, folder.redis],
    log: (line) => log.info({ child: "screenshots" }, line),
  }).catch((error: unknown) => {
    log.error({ err: error }, "no pictures: the browser does not start");
    return undefined;
  });
  if (screenshots !== undefined) stack.use(screenshots);
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** The bot's log sink writes there, as the unprivileged user. */
async function prepareLogs(
  folder: StateFolder,
  user: { readonly uid: number; readonly gid: number },
): Promise<void> {
  await mkdir(folder.logs, { recursive: true, mode: 0o750 });
  await chown(folder.logs, user.uid, user.gid);
}

/** Keys and upstream addresses of models: for the gateway alone. */
function modelEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const wanted =
    /^(ANTHROPIC|OPENAI|GEMINI|GOOGLE|OPENROUTER|CODEX)_(API_KEY|AUTH_TOKEN|BASE_URL)$|^https?_proxy$|^no_proxy$|^NODE_EXTRA_CA_CERTS$/i;
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => wanted.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}
