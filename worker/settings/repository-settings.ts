import { z } from "zod";
import { egressField } from "./egress.ts";
import {
  commandField,
  countField,
  cpusField,
  environmentField,
  pathField,
  permissionsField,
  sizeField,
  timeField,
} from "./fields.ts";
import { imageField } from "./image.ts";
import { parseSettings } from "./parse-settings.ts";

/** Name of the file, read from the base commit. */
export const repositorySettingsFile = ".colony.yml";

const group = (expected: string) => ({
  error: (issue: { readonly code: string }) =>
    issue.code === "invalid_type" ? expected : undefined,
});

/** Bounds of one sandbox and its commands; in config.yml the same keys are maxima. */
export const limitsSchema = z.strictObject(
  {
    memory: sizeField(64 * 1024 ** 2, "64M").optional(),
    pids: countField(16, 1_000_000).optional(),
    cpus: cpusField.optional(),
    disk: sizeField(16 * 1024 ** 2, "16M").optional(),
    /** Open files of one process. */
    files: countField(64, 1_000_000).optional(),
    /** Bytes that the sandboxes of a task may move, both ways together. */
    traffic: sizeField(1024 ** 2, "1M").optional(),
    /** Connections out at the same time. */
    connections: countField(1, 512).optional(),
    /** Bytes a second, both ways together. */
    bandwidth: sizeField(64 * 1024, "64K").optional(),
    /** Longest time of `setup`, and of `check`. */
    setupTime: timeField.optional(),
    checkTime: timeField.optional(),
    /** Longest time that an agent may work on without a person's word. */
    time: timeField.optional(),
    /** Longest time in which it says nothing and its sandbox does nothing. */
    silence: timeField.optional(),
  },
  group("limits such as {memory: 4G, pids: 4096}"),
);
export type Limits = z.infer<typeof limitsSchema>;

const previewSchema = z.strictObject(
  {
    /** Started when the agent started no server by itself. */
    command: commandField.optional(),
    port: countField(1, 65_535).optional(),
    path: pathField.optional(),
  },
  group("{command: …, port: …, path: …}"),
);

/** `.colony.yml`: what a repository says about itself. All of it is optional. */
const schema = z.strictObject({
  /** A profile's name, or a command line. */
  agent: commandField.optional(),
  /** Whether the agent asks before it edits and runs. */
  permissions: permissionsField.optional(),
  image: imageField.optional(),
  /** Short for `image: {setup}`. */
  setup: commandField.optional(),
  check: commandField.optional(),
  preview: previewSchema.optional(),
  env: environmentField.optional(),
  egress: egressField.optional(),
  limits: limitsSchema.optional(),
});

export const repositorySettingsSchema = schema.superRefine(({ setup, image }, context) => {
  if (setup === undefined || image?.setup === undefined) return;
  const message = "one `setup` only, here or in `image`";
  context.addIssue({ code: "custom", message, path: ["setup"] });
});
export type RepositorySettings = z.infer<typeof repositorySettingsSchema>;

/** Parses `.colony.yml`; no text means no wishes. Throws SettingsError. */
export function parseRepositorySettings(text: string): RepositorySettings {
  return parseSettings(repositorySettingsFile, text, repositorySettingsSchema);
}
