import { join } from "node:path";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { CaptureError, DESKTOP, openScreenshots, PHONE } from "../../screenshots/screenshots.ts";
import { screenshotsFolder } from "../supervisor/paths.ts";
import type { Lease } from "./lease.ts";
import type { RunContext } from "./run-context.ts";

const deadlineMs = 20_000;

/** A page of the sandbox that people can open. */
export interface Page {
  readonly port: number;
  readonly path: string;
  readonly title: string;
}

/** Whose page, and where its pictures are told. */
export interface PictureTarget extends Pick<Lease, "taskId" | "transact"> {
  readonly sandbox: Pick<Sandbox, "dialerPath" | "watchPorts">;
}

/**
 * Takes the page at desktop and phone width and tells it, with what went wrong in the page. The
 * same pictures as last time are not told again; a failed capture is a remark and never more.
 */
export async function showPage(
  context: RunContext,
  { taskId, transact, sandbox }: PictureTarget,
  page: Page,
  shown: Map<number, string>,
): Promise<void> {
  const screenshots = openScreenshots(
    join(screenshotsFolder(context.config.folder), "capture.sock"),
  );
  try {
    const capture = await screenshots.capture({
      dialerPath: sandbox.dialerPath,
      port: page.port,
      path: page.path,
      viewports: [DESKTOP, PHONE],
      deadlineMs,
    });
    const shots = await Promise.all(
      capture.shots.map(async ({ viewport, png }) => ({
        viewport,
        artifact: await context.client.putArtifact(png, `${taskId}-${viewport}.png`, "image/png"),
      })),
    );
    const seen = shots.map(({ artifact }) => artifact.id).join(" ");
    if (shots.length === 0 || shown.get(page.port) === seen) return;
    shown.set(page.port, seen);
    const failedRequests = capture.failedRequests.map(({ method, url, status, reason }) =>
      `${method} ${url} ${status ?? reason ?? ""}`.trim(),
    );
    await transact((task) => ({
      task,
      events: [
        {
          type: "screenshot.taken",
          url: capture.url,
          shots,
          consoleErrors: [...capture.consoleErrors],
          failedRequests,
        },
      ],
    }));
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    context.log.info({ task: taskId, reason: error.reason }, "no picture");
    await transact((task) => ({
      task,
      events: [{ type: "remark", sentence: `No picture of port ${page.port}: ${error.message}` }],
    }));
  }
}
