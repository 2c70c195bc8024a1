import { open } from "node:fs/promises";
import { z } from "zod";
import { guarantees } from "../../sandbox/sandbox.ts";
import { configuredAgentsSchema } from "../agent/configured.ts";
import { egressAddressesField, egressField } from "./egress.ts";
import { commandField, countField, permissionsField, sizeField, timeField } from "./fields.ts";
import { imageFoldersField } from "./image.ts";
import { parseSettings } from "./parse-settings.ts";
import { limitsSchema } from "./repository-settings.ts";
import { SettingsError } from "./settings-error.ts";

const minimumExpected = `a list of guarantees: ${guarantees.map(({ name }) => name).join(", ")}`;
const runtimeExpected = "the name of an OCI runtime such as crun or runc, or its path";
const runtimeField = z
  .string({ error: runtimeExpected })
  .regex(/^(?:[a-z][\w.-]{0,63}|\/[^\0\s]{1,500})$/, runtimeExpected);

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
  /** The OCI runtime that makes sandboxes: a program's name, or its path. */
  runtime: runtimeField.optional(),
  /** Guarantees without which nothing runs; `colony doctor` lists them. */
  minimum: z
    .array(
      z.enum(
        guarantees.map(({ name }) => name),
        { error: minimumExpected },
      ),
      {
        error: minimumExpected,
      },
    )
    .optional(),
  /** Runs at once on this host. */
  concurrency: countField(1, 1_000).optional(),
  /** The most sandboxes that are made before somebody asks; 0: none. */
  pool: countField(0, 20).optional(),
  /** Folders in which images of the team's own may lie. */
  images: imageFoldersField.optional(),
  /** The most that kept layers of `image` and `setup` may take. */
  layers: sizeField(100 * 1024 ** 2, "100M").optional(),
  /** Of the chat page, and of the previews. */
  port: countField(1, 65_535).optional(),
  previewPort: countField(1, 65_535).optional(),
  /** A sandbox that nobody used for so long is ended. */
  idle: timeField.optional(),
  /** One that waits for a person stands still after so long. */
  sleep: timeField.optional(),
  /** Free space of the state folder's disk below which sandboxes are stopped. */
  reserve: sizeField(1024 ** 2, "1M").optional(),
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
