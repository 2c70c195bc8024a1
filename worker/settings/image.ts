import { z } from "zod";
import { commandField } from "./fields.ts";

const packageExpected = "names of packages as apt has them, such as [postgresql, libpq-dev]";
const packageField = z
  .string({ error: packageExpected })
  .regex(
    /^[a-z0-9][a-z0-9+.-]{0,99}(:[a-z0-9]{1,20})?(=[A-Za-z0-9.+:~-]{1,100})?$/,
    packageExpected,
  );

const pathExpected = "an absolute path of the host, such as /srv/images/team";
const imagePathField = z
  .string({ error: pathExpected })
  .max(1_000, pathExpected)
  .regex(/^\/[^\0]*$/, pathExpected)
  .refine((path) => !path.split("/").includes(".."), pathExpected);

export const imageFoldersField = z
  .array(imagePathField, { error: "a list of folders such as [/srv/images]" })
  .max(100);

/** What a sandbox is made of: the host's image with more, or one of the team's own. */
export const imageField = z.preprocess(
  (wish) => (typeof wish === "string" ? { path: wish } : wish),
  z.strictObject(
    {
      /** An OCI layout, or the folder of a root file system. */
      path: imagePathField.optional(),
      packages: z.array(packageField, { error: packageExpected }).max(200).optional(),
      setup: commandField.optional(),
    },
    { error: "a path, or {packages: [postgresql], setup: npm ci}" },
  ),
);
