import { z } from "zod";
import type { Provider } from "./providers.ts";

/** Where a provider is and how it wants to be paid. */
export interface Upstream {
  readonly base: URL;
  /** Header that carries the key; absent where the host has none. */
  readonly auth?: { readonly header: string; readonly value: string };
  /** What to set when the key is missing. */
  readonly keyName: string;
  /** The address was set by the administrator: it may need no key. */
  readonly isDefault: boolean;
}

export interface GatewayConfig {
  readonly folder: string;
  readonly upstreams: Readonly<Record<Provider, Upstream>>;
}

const url = z.url({ protocol: /^https?$/ }).optional();
const secret = z.string().min(1).optional();

const environmentSchema = z.object({
  COLONY_HOME: z.string().startsWith("/"),
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: secret,
  ANTHROPIC_AUTH_TOKEN: secret,
  OPENAI_BASE_URL: url,
  OPENAI_API_KEY: secret,
  CODEX_API_KEY: secret,
  OPENROUTER_API_KEY: secret,
  GEMINI_BASE_URL: url,
  GEMINI_API_KEY: secret,
  GOOGLE_API_KEY: secret,
});

/** Parses the gateway's environment; the only place that sees keys. */
export function parseGatewayConfig(
  environment: Readonly<Record<string, string | undefined>>,
): GatewayConfig {
  const set = Object.entries(environment).filter(([, value]) => value !== "");
  const e = environmentSchema.parse(Object.fromEntries(set));
  return {
    folder: `${e.COLONY_HOME}/gateway`,
    upstreams: {
      anthropic: upstream(
        e.ANTHROPIC_BASE_URL,
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        e.ANTHROPIC_API_KEY !== undefined
          ? { header: "x-api-key", value: e.ANTHROPIC_API_KEY }
          : bearer(e.ANTHROPIC_AUTH_TOKEN),
      ),
      openai: openAi(e),
      gemini: upstream(
        e.GEMINI_BASE_URL,
        "https://generativelanguage.googleapis.com",
        "GEMINI_API_KEY",
        googleKey(e.GEMINI_API_KEY ?? e.GOOGLE_API_KEY),
      ),
    },
  };
}

/** OpenRouter speaks OpenAI's chat interface: its key serves where there is no other. */
function openAi(e: z.infer<typeof environmentSchema>): Upstream {
  const own = e.OPENAI_API_KEY ?? e.CODEX_API_KEY;
  if (own === undefined && e.OPENAI_BASE_URL === undefined && e.OPENROUTER_API_KEY !== undefined) {
    const base = "https://openrouter.ai/api/v1";
    return upstream(undefined, base, "OPENROUTER_API_KEY", bearer(e.OPENROUTER_API_KEY));
  }
  const base = "https://api.openai.com/v1";
  return upstream(e.OPENAI_BASE_URL, base, "OPENAI_API_KEY", bearer(own));
}

function bearer(token: string | undefined): Upstream["auth"] {
  return token === undefined ? undefined : { header: "authorization", value: `Bearer ${token}` };
}

function googleKey(key: string | undefined): Upstream["auth"] {
  return key === undefined ? undefined : { header: "x-goog-api-key", value: key };
}

function upstream(
  given: string | undefined,
  usual: string,
  keyName: string,
  auth: Upstream["auth"],
): Upstream {
  const base = new URL((given ?? usual).replace(/\/+$/, ""));
  const isDefault = given === undefined;
  return { base, keyName, isDefault, ...(auth === undefined ? {} : { auth }) };
}
