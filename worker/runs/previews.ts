import { probePage } from "../preview/pages.ts";
import { type Colony, insideWorkspace, saveChange } from "./colony.ts";
import { type Lease, LeaseLostError } from "./lease.ts";
import { type Page, type PictureTarget, showPage } from "./pictures.ts";
import type { RunContext } from "./run-context.ts";

const settleMs = 2_000;
const startWaitMs = 20_000;

/** A live sandbox whose pages are told, and how they are written into its task. */
export interface PreviewTarget extends PictureTarget {
  readonly settings: Pick<Colony["settings"], "preview">;
  readonly profile: Colony["profile"];
  /** Pages that were told before. */
  readonly known: readonly Page[];
}

export interface PreviewWatch extends AsyncDisposable {
  /** Pages that answer now. */
  pages(): readonly Page[];
  /** Waits until every port that listens has been looked at. */
  settled(): Promise<void>;
  /** Looks at every page again, with new pictures where they differ. */
  showAll(): Promise<void>;
  /** Resolves once a page answers, or after `timeoutMs`. */
  firstPage(timeoutMs: number): Promise<void>;
}

/**
 * Follows the ports that listen in the sandbox. One that answers with a page and stays for 2 s is
 * told with its picture; databases, debuggers and the servers of a test suite are not.
 */
export function watchPreviews(context: RunContext, target: PreviewTarget): PreviewWatch {
  const { sandbox, profile } = target;
  const pages = new Map<number, Page>();
  const shown = new Map<number, string>();
  const ending = new AbortController();
  let ports = new Set<number>();
  let arrived = Promise.withResolvers<void>();
  // One at a time: posts come in the order in which the ports came.
  let queue: Promise<void> = Promise.resolve();
  const enqueue = (act: () => Promise<void>): Promise<void> => {
    queue = queue.then(act).catch((error: unknown) => {
      if (ending.signal.aborted || error instanceof LeaseLostError) return;
      context.log.warn({ task: target.taskId, err: error }, "preview");
    });
    return queue;
  };
  const tell = async () => {
    const list = [...pages.values()];
    await target.transact((task) => ({
      task: { ...task, previews: list },
      events: [{ type: "preview.changed", ports: list }],
    }));
  };
  const { preview } = target.settings;
  // Ports are probed side by side: a silent one takes half a minute and must not delay a page.
  const looks = new Set<Promise<void>>();
  const look = (port: number) => {
    const looking = opened(port).finally(() => looks.delete(looking));
    looks.add(looking);
  };
  const opened = async (port: number) => {
    const { dialerPath } = sandbox;
    const path = preview.port === port ? preview.path : "/";
    const { signal } = ending;
    const found = await probePage({ dialerPath, port, path, stayMs: settleMs, signal });
    await enqueue(async () => {
      if (found === undefined || !ports.has(port) || signal.aborted) return;
      const page = { port, path, title: found.title };
      pages.set(port, page);
      await tell();
      await showPage(context, target, page, shown);
      arrived.resolve();
    });
  };
  for (const page of target.known) pages.set(page.port, page);
  const own = profile.kind === "acp" ? (profile.ownPorts ?? []) : [];
  const stop = sandbox.watchPorts((listening) => {
    const now = listening.filter((port) => !own.includes(port));
    const next = new Set(now);
    const fresh = now.filter((port) => !ports.has(port) && !pages.has(port));
    const gone = [...pages.keys()].filter((port) => !next.has(port));
    ports = next;
    for (const port of fresh) look(port);
    if (gone.length === 0) return;
    for (const port of gone) pages.delete(port);
    void enqueue(tell);
  });
  return {
    pages: () => [...pages.values()],
    async settled() {
      await Promise.all(looks);
      await enqueue(async () => {});
    },
    async showAll() {
      for (const page of pages.values()) {
        await enqueue(() => showPage(context, target, page, shown));
      }
    },
    async firstPage(timeoutMs) {
      if (pages.size > 0) return;
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, timeoutMs);
      await Promise.race([arrived.promise, timeout.promise]);
      clearTimeout(timer);
      arrived = Promise.withResolvers<void>();
    },
    async [Symbol.asyncDispose]() {
      stop();
      ending.abort();
      await Promise.all(looks);
      await queue;
    },
  };
}

/**
 * The last pictures before the result: of what runs, or, where the agent started nothing, of what
 * the repository's `preview` command starts.
 */
export async function showPreview(
  context: RunContext,
  lease: Lease,
  colony: Colony,
  watch: PreviewWatch,
): Promise<void> {
  const { preview, env } = colony.settings;
  await watch.settled();
  if (watch.pages().length === 0 && preview.command !== undefined) {
    // A short run ends before a snapshot was taken while it worked.
    const { files } = await saveChange(context, lease, colony.store, colony.sandbox);
    if (files.length === 0) return;
    await colony.sandbox.start({
      name: `preview-${lease.task().run}`,
      argv: ["sh", "-c", preview.command],
      cwd: insideWorkspace,
      env: { ...env, ...(preview.port === undefined ? {} : { PORT: String(preview.port) }) },
      terminal: { columns: 120, rows: 40 },
    });
    await watch.firstPage(startWaitMs);
    if (watch.pages().length === 0) {
      await lease.transact((task) => ({
        task,
        events: [
          {
            type: "remark",
            sentence: `\`preview\` was started (${preview.command}), but no page answered within ${startWaitMs / 1000} s.`,
          },
        ],
      }));
    }
    return;
  }
  await watch.showAll();
}
