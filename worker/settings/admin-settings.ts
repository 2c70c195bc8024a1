import { open } from "node:fs/promises";
import { z } from "zod";
import { configuredAgentsSchema } from "../agent/configured.ts";
import { egressAddressesField, egressField } from "./egress.ts";
import { commandField, countField, permissionsField, sizeField, timeField } from "./fields.ts";
import { imageFoldersField } from "./image.ts";
import { parseSettings } from "./parse-settings.ts";
import { limitsSchema } from "./repository-settings.ts";
import { SettingsError } from "./settings-error.ts";

/** `config.yml` of an installation: it wins over every repository. All of it is optional. */
export const adminSettingsSchema = z.strictObject({
  /** For repositories that name none. */
  agent: commandField.optional(),
  /** Agents beyond the known ones, by name. */
  agents: configuredAgentsSchema.optional(),
  /** `ask` here means that no repository may skip the agent's questions. */
  permissions: permissionsField.optional(),
  /** The most that a repository may have. */
  egress: egressField.optional(),
  /** Ranges that may be dialled although the built-in list refuses them. */
  egressAddresses: egressAddressesField.optional(),
  /** Maxima. */
  limits: limitsSchema.optional(),
  /** Runs at once on this host. */
  concurrency: countField(1, 1_000).optional(),
  /** The most sandboxes that are made before somebody asks; 0: none. */
  pool: countField(0, 20).optional(),
  /** Folders in which images of the team's own may lie. */
  images: imageFoldersField.optional(),
  /** The most that kept layers of `image` and `setup` may take. */
  layers: sizeField(0, "0").optional(),
  /** Of the chat page, and of the previews. */
  port: countField(1, 65_535).optional(),
  previewPort: countField(1, 65_535).optional(),
  /** A sandbox that nobody used for so long is ended. */
  idle: timeField.optional(),
});
export type AdminSettings = z.infer<typeof adminSettingsSchema>;

/** Parses the text of `config.yml`; `file` is how messages call it. */
export function parseAdminSettings(text: string, file = "config.yml"): AdminSettings {
  return parseSettings(file, text, adminSettingsSchema);
}

const maxBytes = 256 * 1024;

/**
 * Reads `config.yml`; a missing file says nothing. It decides what sandboxes may do, so only root
 * may have written it: the opened file itself is asked, not the name.
 */
export async function readAdminSettings(path: string): Promise<AdminSettings> {
  const refuse = (sentence: string, cause?: unknown) =>
    new SettingsError(path, [{ line: 0, column: 0, key: "", sentence }], { cause });
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw refuse(`It cannot be read (${error.code}).`, error);
  });
  if (file === undefined) return {};
  try {
    const found = await file.stat();
    if (!found.isFile()) throw refuse("It is no file.");
    if (found.uid !== 0)
      throw refuse(`It belongs to uid ${found.uid}; expected root: chown root ${path}`);
    if ((found.mode & 0o022) !== 0)
      throw refuse(`Others than root may write it: chmod go-w ${path}`);
    if (found.size > maxBytes) throw refuse("It is larger than any settings.");
    return parseAdminSettings(await file.readFile("utf8"), path);
  } finally {
    await file.close();
  }
}
