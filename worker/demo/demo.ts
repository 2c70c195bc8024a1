import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openClient } from "../protocol/client.ts";
import { mintSignIn } from "../protocol/sign-in.ts";
import { openAlbum } from "./album.ts";
import { startEverything } from "./everything.ts";
import { renderTranscript, toReceipt } from "./record.ts";
import { readHistory, seedRepository } from "./repository.ts";
import { channel, playStory, requireCleanReceipts } from "./story.ts";
import { openVisitor, StoryError } from "./visitor.ts";

export interface DemoOptions {
  readonly home: string;
  readonly port: number;
  readonly previewPort: number;
  /** Play the story without a person, write it down, stop. */
  readonly once: boolean;
  /** Where `once` writes pictures, transcript and receipt. */
  readonly out: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
  /** Ends the demo in order. */
  readonly signal: AbortSignal;
}

const stepTimeoutMs = 180_000;
const aDayMs = 24 * 3600_000;
/** Who asks and decides in the story. */
const baker = {
  person: { id: "local:baker", name: "Baker", email: "baker@example.org" },
  role: "admin",
} as const;
/** Whoever opens the printed link says their name; the page opens where the story plays. */
const guest = { person: { id: "local:guest" }, role: "admin", channel } as const;

/**
 * A bakery's page in a repository of its own, two agents that change it at once, and the chat page
 * to watch them. Rejects with a sentence where the story does not come true.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { home, say, signal } = options;
  say(`Starting Colony with a state folder of its own, ${home}.`);
  await using everything = await startEverything(options);
  await using client = openClient(everything.redis);
  const known = await client.repository(channel);
  const repository = known?.url ?? (await seedRepository(home));
  if (known === undefined) {
    await client.addRepository({
      name: channel,
      url: repository,
      caller: { uid: 0, gid: 0, home: "/root", env: {} },
    });
    await client.bindChannel(`local:${channel}`, channel);
  }
  if (known !== undefined && options.once) {
    throw new StoryError(
      `The story was played in ${home} before; leave --home away, or name a new folder.`,
    );
  }
  const origin = `http://127.0.0.1:${options.port}`;
  const visitor = await openVisitor(origin, await mintSignIn(client.redis, baker));
  if (options.once) return await playOnce();

  say("");
  say(`Open this link, once, in a browser on this machine:`);
  say(`  ${origin}/sign-in?token=${await mintSignIn(client.redis, guest)}`);
  say("");
  if (known === undefined) {
    say("The story plays in the channel #bakery; press its buttons there. Ctrl-C ends everything.");
    playStory({
      visitor,
      say,
      handsOff: true,
      picture: async () => {},
      stepTimeoutMs: aDayMs,
    }).catch((error: unknown) => {
      if (!signal.aborted) say(error instanceof Error ? error.message : String(error));
    });
  } else {
    say(`The story was played here before; \`rm -r ${home}\` and it plays again.`);
    say("Everything else is as you left it. Ctrl-C ends everything.");
  }
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

  async function playOnce(): Promise<void> {
    await rm(options.out, { recursive: true, force: true });
    await mkdir(options.out, { recursive: true });
    await using album = await openAlbum({
      origin,
      folder: options.out,
      signIn: () => mintSignIn(client.redis, baker),
    });
    const startedMs = Date.now();
    const chapters = await Promise.race([
      playStory({ visitor, say, handsOff: false, picture: album.take, stepTimeoutMs }),
      interrupted(signal),
    ]);
    requireCleanReceipts(chapters);
    for (const chapter of chapters) await album.keepPictures(visitor, chapter);
    const history = await readHistory(repository);
    await writeFile(join(options.out, "transcript.md"), renderTranscript(chapters));
    const receipt = toReceipt(chapters, history, Date.now() - startedMs);
    await writeFile(join(options.out, "receipt.json"), `${JSON.stringify(receipt, null, 2)}\n`);
    say(`The story is told: pictures, transcript.md and receipt.json are in ${options.out}.`);
  }
}

function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new StoryError("The demo was interrupted.")));
  });
}
