import { z } from "zod";

/** A person as their platform names them; `id` is stable, `name` is for reading and is untrusted. */
export const personSchema = z.object({
  id: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  email: z.string().max(320).optional(),
});
export type Person = z.infer<typeof personSchema>;
