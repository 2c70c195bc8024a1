import type { AcpProfile } from "./profile.ts";

/**
 * Agents that others make. Each gets the model gateway of the sandbox as its base URL and a dummy
 * key: the real one never enters the sandbox. Modes are set after the session is opened, since
 * several agents begin in one where a model decides what is allowed.
 */
const gatewayUrl = "http://127.0.0.1:4010";
const dummyKey = "kept-by-the-gateway";
const node = "/opt/colony/bin/node";
const arch = process.arch === "arm64" ? "arm64" : "x64";

function keyHint(names: string): string {
  return `Set ${names} in the environment of the worker; the key stays on the host.`;
}

export const claudeProfile: AcpProfile = {
  kind: "acp",
  name: "claude",
  title: "Claude Code",
  version: "0.101.0",
  scripted: false,
  install: {
    package: "@agentclientprotocol/claude-agent-acp",
    proof: "node_modules/@anthropic-ai/claude-agent-sdk-linux-{arch}/claude",
    licence: "proprietary; you install it under Anthropic's terms",
  },
  command: [
    node,
    "/opt/agents/claude/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js",
  ],
  env: {
    ANTHROPIC_BASE_URL: gatewayUrl,
    ANTHROPIC_API_KEY: dummyKey,
    // It refuses to skip permissions as root unless told that it is in a sandbox.
    IS_SANDBOX: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
  },
  files: () => [],
  modes: { ask: ["default"], bypass: ["bypassPermissions"] },
  keyNames: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
  howToConfigure: keyHint("ANTHROPIC_API_KEY"),
};

export const codexProfile: AcpProfile = {
  kind: "acp",
  name: "codex",
  title: "Codex",
  version: "2.6.0",
  scripted: false,
  install: {
    package: "@agentclientprotocol/codex-acp",
    proof: "node_modules/@openai/codex-linux-{arch}/vendor",
    licence: "Apache-2.0",
  },
  command: [node, "/opt/agents/codex/node_modules/@agentclientprotocol/codex-acp/dist/index.js"],
  env: { COLONY_MODEL_KEY: dummyKey, NO_BROWSER: "1", MODEL_PROVIDER: "colony" },
  files: () => [
    {
      path: ".codex/config.toml",
      content: `model_provider = "colony"
allow_login_shell = false
check_for_update_on_startup = false

[model_providers.colony]
name = "Model gateway"
base_url = "${gatewayUrl}/v1"
env_key = "COLONY_MODEL_KEY"
wire_api = "responses"
`,
    },
  ],
  // Codex asks where its model wants to leave Codex's own inner sandbox. That one cannot start inside
  // ours (no nested namespaces), so with "read-only" it asks for every command.
  modes: { ask: ["read-only"], bypass: ["agent-full-access"] },
  keyNames: ["OPENAI_API_KEY", "CODEX_API_KEY"],
  howToConfigure: keyHint("OPENAI_API_KEY"),
};

export const opencodeProfile: AcpProfile = {
  kind: "acp",
  name: "opencode",
  title: "opencode",
  version: "1.18.33",
  scripted: false,
  install: {
    package: "opencode-ai",
    proof: "node_modules/opencode-linux-{arch}/bin/opencode",
    licence: "MIT",
  },
  command: [
    `/opt/agents/opencode/node_modules/opencode-linux-${arch}/bin/opencode`,
    "acp",
    "--port",
    "40961",
  ],
  ownPorts: [40961],
  env: {
    COLONY_MODEL_KEY: dummyKey,
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    OPENCODE_DISABLE_SHARE: "1",
    OPENCODE_DISABLE_EMBEDDED_WEB_UI: "1",
    // No plugins: else it fetches their library at each start in a new HOME.
    OPENCODE_PURE: "1",
  },
  files: (mode) => {
    const permission = mode === "ask" ? "ask" : "allow";
    const config = {
      model: "colony/gpt-5",
      small_model: "colony/gpt-5",
      permission: { edit: permission, bash: permission },
      provider: {
        colony: {
          npm: "@ai-sdk/openai-compatible",
          name: "Model gateway",
          options: { baseURL: `${gatewayUrl}/v1`, apiKey: dummyKey },
          models: { "gpt-5": { name: "gpt-5" } },
        },
      },
    };
    return [{ path: ".config/opencode/opencode.json", content: JSON.stringify(config, null, 2) }];
  },
  modes: { ask: ["build"], bypass: ["build"] },
  keyNames: ["OPENAI_API_KEY", "OPENROUTER_API_KEY"],
  howToConfigure: keyHint("OPENAI_API_KEY"),
};

export const geminiProfile: AcpProfile = {
  kind: "acp",
  name: "gemini",
  title: "Gemini CLI",
  version: "0.61.0",
  scripted: false,
  install: {
    package: "@google/gemini-cli",
    proof: "node_modules/@google/gemini-cli/package.json",
    licence: "Apache-2.0",
  },
  command: [node, "/opt/agents/gemini/node_modules/.bin/gemini", "--acp"],
  env: {
    GEMINI_API_KEY: dummyKey,
    GOOGLE_GEMINI_BASE_URL: gatewayUrl,
    // It refuses to act by itself in a folder that nobody trusted; the sandbox is trusted with it.
    GEMINI_CLI_TRUST_WORKSPACE: "true",
  },
  files: () => [
    {
      path: ".gemini/settings.json",
      content: JSON.stringify({
        security: { auth: { selectedType: "gemini-api-key" } },
        general: { disableAutoUpdate: true, enableAutoUpdate: false },
        privacy: { usageStatisticsEnabled: false },
      }),
    },
  ],
  modes: { ask: ["default"], bypass: ["yolo"] },
  keyNames: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  howToConfigure: keyHint("GEMINI_API_KEY"),
};

export const piProfile: AcpProfile = {
  kind: "acp",
  name: "pi",
  title: "pi",
  version: "0.0.34",
  scripted: false,
  install: {
    package: "pi-acp",
    beside: ["@earendil-works/pi-coding-agent@0.87.1"],
    proof: "node_modules/@earendil-works/pi-coding-agent/package.json",
    licence: "MIT",
  },
  command: [node, "/opt/agents/pi/node_modules/pi-acp/dist/index.js"],
  env: {
    PI_ACP_PI_COMMAND: "/opt/agents/pi/node_modules/.bin/pi",
    // pi's own program asks `env` for node, and wants a newer one than the host's.
    PATH: "/opt/colony/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ANTHROPIC_API_KEY: dummyKey,
    PI_OFFLINE: "1",
  },
  files: () => [
    {
      path: ".pi/agent/models.json",
      content: JSON.stringify({ providers: { anthropic: { baseUrl: gatewayUrl } } }),
    },
  ],
  // It never asks; with `ask` a person is told so.
  modes: { ask: ["ask"], bypass: [] },
  keyNames: ["ANTHROPIC_API_KEY"],
  howToConfigure: keyHint("ANTHROPIC_API_KEY"),
};
