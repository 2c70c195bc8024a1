import { z } from "zod";
import { costOf } from "./prices.ts";
import type { ReplyUsage } from "./usage.ts";

/** What a run may use; absent means without a limit. */
export const budgetSchema = z.object({
  maxUsd: z.number().nonnegative().optional(),
  maxTokens: z.number().int().nonnegative().optional(),
});
export type Budget = z.infer<typeof budgetSchema>;

/** What a run has used, kept over restarts of the gateway. */
export const accountSchema = z.object({
  version: z.literal(1),
  budget: budgetSchema,
  requests: z.number().int(),
  refused: z.number().int(),
  inputTokens: z.number().int(),
  cacheReadTokens: z.number().int(),
  cacheWriteTokens: z.number().int(),
  outputTokens: z.number().int(),
  /** An upper bound where `unpricedModels` is not empty. */
  costUsd: z.number(),
  unpricedModels: z.array(z.string()),
});
export type Account = z.infer<typeof accountSchema>;

export function newAccount(budget: Budget): Account {
  return {
    version: 1,
    budget,
    requests: 0,
    refused: 0,
    inputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    unpricedModels: [],
  };
}

/** The account after a reply. Pure. */
export function charge(account: Account, usage: ReplyUsage | undefined): Account {
  const counted = { ...account, requests: account.requests + 1 };
  if (usage === undefined) return counted;
  const { usd, known } = costOf(usage);
  const unpriced = new Set(account.unpricedModels);
  if (!known && unpriced.size < 20) unpriced.add(usage.model.slice(0, 100));
  return {
    ...counted,
    inputTokens: account.inputTokens + usage.inputTokens,
    cacheReadTokens: account.cacheReadTokens + usage.cacheReadTokens,
    cacheWriteTokens: account.cacheWriteTokens + usage.cacheWriteTokens,
    outputTokens: account.outputTokens + usage.outputTokens,
    costUsd: account.costUsd + usd,
    unpricedModels: [...unpriced],
  };
}

/** Why the next request is refused, or undefined. Requests under way are not cut off. Pure. */
export function decideBudget(account: Account): string | undefined {
  const { maxUsd, maxTokens } = account.budget;
  if (maxUsd !== undefined && account.costUsd >= maxUsd) {
    return `this run's budget of ${maxUsd} USD is used up`;
  }
  const tokens =
    account.inputTokens + account.cacheReadTokens + account.cacheWriteTokens + account.outputTokens;
  if (maxTokens !== undefined && tokens >= maxTokens) {
    return `this run's budget of ${maxTokens} tokens is used up`;
  }
  return undefined;
}
