import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Block, Button, Deed, Draft, DraftButton, Post } from "./post.ts";

const lifeSeconds = 30 * 24 * 3600;

const deedSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("merge"), taskId: z.string(), tree: z.string() }),
  z.object({ kind: z.literal("diff"), taskId: z.string(), tree: z.string() }),
  z.object({ kind: z.enum(["discard", "retry", "stop", "logs"]), taskId: z.string() }),
  z.object({
    kind: z.literal("permission"),
    taskId: z.string(),
    requestId: z.string(),
    optionId: z.string(),
  }),
  z.object({
    kind: z.literal("egress"),
    taskId: z.string(),
    host: z.string(),
    verdict: z.enum(["allow", "block"]),
    scope: z.enum(["once", "task", "repository"]),
  }),
  z.object({ kind: z.literal("run"), request: z.string(), message: z.string() }),
]);

const buttonKey = (token: string) => `colony:button:${token}`;
const deedKey = (deed: Deed) => `colony:button-of:${"taskId" in deed ? deed.taskId : deed.message}`;

/** The same deed gets the same token, so that drawing a card again does not make new ones. */
const tokenScript = `
local token = redis.call('HGET', KEYS[1], ARGV[1])
if not token then token = ARGV[2]; redis.call('HSET', KEYS[1], ARGV[1], token) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SET', ARGV[4] .. token, ARGV[1], 'EX', ARGV[3])
return token
`;

/** Gives each button of a draft its opaque token; what it does stays on our side. */
export async function finishPost(redis: Redis, draft: Draft): Promise<Post> {
  const blocks = await Promise.all(draft.blocks.map((block) => finishBlock(redis, block)));
  return { ...draft, blocks };
}

/** What a token stands for; undefined when it is unknown or its time is over. */
export async function readDeed(redis: Redis, token: string): Promise<Deed | undefined> {
  const json = await redis.get(buttonKey(token));
  return json === null ? undefined : deedSchema.parse(JSON.parse(json));
}

async function finishBlock(redis: Redis, block: Block<DraftButton>): Promise<Block<Button>> {
  if (block.kind !== "buttons") return block;
  const buttons = await Promise.all(
    block.buttons.map(async ({ deed, ...look }) => ({ ...look, token: await mint(redis, deed) })),
  );
  return { kind: "buttons", buttons };
}

async function mint(redis: Redis, deed: Deed): Promise<string> {
  const fresh = randomBytes(18).toString("base64url");
  const token = await redis.eval(
    tokenScript,
    1,
    deedKey(deed),
    JSON.stringify(deed),
    fresh,
    String(lifeSeconds),
    buttonKey(""),
  );
  return String(token);
}
