import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { openPerson } from "../../screenshots/screenshots.ts";
import type { Chapter } from "./story.ts";
import type { ThreadPlace, Visitor } from "./visitor.ts";

/** Pictures of the story, as files of one folder. */
export interface Album extends AsyncDisposable {
  /** The chat page with a thread open, at desktop and phone width. */
  readonly take: (name: string, place: ThreadPlace) => Promise<void>;
  /** The screenshots that a thread got. */
  keepPictures(visitor: Visitor, chapter: Chapter): Promise<void>;
}

const picturesSchema = z.object({
  kind: z.literal("pictures"),
  pictures: z.array(z.object({ artifact: z.object({ id: z.string(), name: z.string() }) })),
});

export async function openAlbum(options: {
  readonly origin: string;
  readonly folder: string;
  readonly signIn: () => Promise<string>;
}): Promise<Album> {
  const { origin, folder } = options;
  const person = await openPerson({
    signInUrl: `${origin}/sign-in?token=${await options.signIn()}`,
  });
  return {
    async take(name, { channel, root, at }) {
      const place = [channel, root, ...(at === undefined ? [] : [at])].join("/");
      const pictures = await person.look(`${origin}/#/${place}`);
      for (const { viewport, png } of pictures)
        await writeFile(join(folder, `${name}-${viewport}.png`), png);
    },
    async keepPictures(visitor, { messages, place }) {
      for (const block of messages.flatMap((message) => message.post?.blocks ?? [])) {
        const parsed = picturesSchema.safeParse(block);
        for (const { artifact } of parsed.success ? parsed.data.pictures : []) {
          await writeFile(
            join(folder, `${place.root}-${artifact.name}`),
            await visitor.artifact(artifact.id, artifact.name),
          );
        }
      }
    },
    [Symbol.asyncDispose]: () => person[Symbol.asyncDispose](),
  };
}
