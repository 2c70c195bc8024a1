/** Makers of models, by the shape of their interface. */
export type Provider = "anthropic" | "openai" | "gemini";

/** How a reply tells what it used. */
export type UsageShape = "anthropic" | "openai-chat" | "openai-responses" | "gemini" | "none";

/** A request that is one to a model, and where it goes below the provider's address. */
export interface ModelRequest {
  readonly provider: Provider;
  readonly path: string;
  readonly shape: UsageShape;
}

const geminiCall = /^\/v1(?:beta|alpha)?\/models\/[A-Za-z0-9._-]+:(\w+)$/;
const geminiModels = /^\/v1(?:beta|alpha)\/models(?:\/[A-Za-z0-9._-]+)?$/;
const openModels = /^(?:\/v1)?\/models(?:\/[A-Za-z0-9._:/-]+)?$/;

/**
 * Sorts a request by method and path; undefined for everything that is not a model's endpoint
 * (files, fine-tuning, administration), which nobody needs here. Pure.
 */
export function modelRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, unknown>>,
): ModelRequest | undefined {
  // "Normal form only": what the provider's server would read differently is refused.
  if (path.includes("..") || path.includes("//") || path.includes("%")) return undefined;
  const anthropic = headers["anthropic-version"] !== undefined;
  if (method === "GET") {
    if (geminiModels.test(path)) return { provider: "gemini", path, shape: "none" };
    if (!openModels.test(path)) return undefined;
    if (anthropic) return { provider: "anthropic", path, shape: "none" };
    return { provider: "openai", path: belowVersion(path), shape: "none" };
  }
  if (method !== "POST") return undefined;
  const call = geminiCall.exec(path)?.[1];
  if (call !== undefined) return geminiRequest(path, call);
  switch (path) {
    case "/v1/messages":
      return { provider: "anthropic", path, shape: "anthropic" };
    case "/v1/messages/count_tokens":
      return { provider: "anthropic", path, shape: "none" };
    case "/v1/chat/completions":
    case "/chat/completions":
      return { provider: "openai", path: "/chat/completions", shape: "openai-chat" };
    case "/v1/responses":
    case "/responses":
      return { provider: "openai", path: "/responses", shape: "openai-responses" };
    default:
      return undefined;
  }
}

function geminiRequest(path: string, call: string): ModelRequest | undefined {
  if (call === "countTokens") return { provider: "gemini", path, shape: "none" };
  if (call !== "generateContent" && call !== "streamGenerateContent") return undefined;
  return { provider: "gemini", path, shape: "gemini" };
}

function belowVersion(path: string): string {
  return path.replace(/^\/v1(?=\/)/, "");
}

/** An error body as the provider's own clients expect it. Pure. */
export function errorBody(
  provider: Provider | undefined,
  status: number,
  type: string,
  message: string,
): string {
  if (provider === "anthropic") {
    return JSON.stringify({ type: "error", error: { type, message } });
  }
  if (provider === "gemini") {
    return JSON.stringify({ error: { code: status, message, status: type.toUpperCase() } });
  }
  return JSON.stringify({ error: { message, type, param: null, code: type } });
}
