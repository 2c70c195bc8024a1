import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { lstat, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { removeTree } from "../removal.ts";
import { ImageError } from "./image-error.ts";
import { applyLayer } from "./oci-apply.ts";

const descriptor = z.object({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, "is no sha256 digest"),
  mediaType: z.string().optional(),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});
const indexSchema = z.object({ manifests: z.array(descriptor).min(1) });
const manifestSchema = z.object({ layers: z.array(descriptor) });

const maxDocumentBytes = 4 * 1024 ** 2;
const mostNested = 4;

export function isOciLayout(path: string): boolean {
  return existsSync(join(path, "oci-layout"));
}

/** Digests name all content, so that the index says it all. */
export async function ociFingerprint(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readDocument(path, "index.json"))
    .digest("hex");
}

/** Unpacks the layers of this machine's image one over the other. Throws `ImageError`. */
export async function copyOciLayout(path: string, target: string): Promise<void> {
  const manifest = await findManifest(path);
  for (const [index, { digest }] of manifest.layers.entries()) {
    const blob = await checkedBlob(path, digest);
    const unpacked = `${target}.layer-${index}`;
    await removeTree(unpacked);
    await mkdir(unpacked, { mode: 0o700 });
    try {
      // Into an empty folder, where no link of an earlier layer can lead anywhere.
      const into = ["--directory", unpacked, "--numeric-owner", "--same-permissions"];
      await tar(path, ["--extract", "--file", blob, ...into, "--delay-directory-restore"]);
      await applyLayer(unpacked, target);
    } finally {
      await removeTree(unpacked);
    }
  }
}

async function findManifest(path: string): Promise<z.infer<typeof manifestSchema>> {
  let text = await readDocument(path, "index.json");
  for (let depth = 0; depth < mostNested; depth++) {
    const document = parse(path, text);
    const manifest = manifestSchema.safeParse(document);
    if (manifest.success) return manifest.data;
    const index = indexSchema.safeParse(document);
    if (!index.success) throw new ImageError(path, "its index names no image.");
    text = await readFile(await checkedBlob(path, chooseManifest(path, index.data)), "utf8");
  }
  throw new ImageError(path, "its indexes are nested too deeply.");
}

function chooseManifest(path: string, { manifests }: z.infer<typeof indexSchema>): string {
  const architecture = { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch;
  const fitting = manifests.filter(
    ({ platform }) =>
      platform === undefined || (platform.os === "linux" && platform.architecture === architecture),
  );
  const [first] = fitting;
  if (first === undefined) throw new ImageError(path, `it has no image for linux/${architecture}.`);
  return first.digest;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ImageError(path, "its index is no JSON.", { cause: error });
  }
}

async function readDocument(path: string, name: string): Promise<string> {
  const found = await lstat(join(path, name)).catch(() => undefined);
  if (found?.isFile() !== true) throw new ImageError(path, `its ${name} is missing.`);
  if (found.size > maxDocumentBytes) throw new ImageError(path, `its ${name} is too large.`);
  return readFile(join(path, name), "utf8");
}

/** A blob that is what its name says. */
async function checkedBlob(path: string, digest: string): Promise<string> {
  const hex = digest.slice("sha256:".length);
  const blob = join(path, "blobs", "sha256", hex);
  const found = await lstat(blob).catch(() => undefined);
  if (found?.isFile() !== true) throw new ImageError(path, `its blob ${digest} is missing.`);
  const hash = createHash("sha256");
  await pipeline(createReadStream(blob), hash);
  if (hash.digest("hex") === hex) return blob;
  throw new ImageError(path, `its blob ${digest} holds something else: it is damaged.`);
}

async function tar(path: string, words: readonly string[]): Promise<void> {
  const options = { env: systemEnvironment, timeoutMs: 1_800_000, maxOutputBytes: 64_000 };
  try {
    await runOrThrow("unpacking a layer", { argv: ["tar", ...words], ...options });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new ImageError(path, words, { cause: error });
  }
}
