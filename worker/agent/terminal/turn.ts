import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import type { AgentOptions } from "../agent.ts";
import type { TerminalProfile } from "../profile.ts";

/** Linux refuses a longer single variable (128 KB), and with it the whole start. */
const maxRequestBytes = 120_000;

/** Name of the process that works on a prompt. */
export function turnName(promptKey: string): string {
  return `turn-${promptKey}`;
}

/** Starts the command line on a prompt; a no-op when it was started before. */
export async function startTurn(
  options: AgentOptions,
  profile: TerminalProfile,
  key: string,
  text: string,
): Promise<SandboxProcess> {
  const request = text.replaceAll("\0", "");
  const tooLong = Buffer.byteLength(request) > maxRequestBytes;
  const file = `${options.home}/request-${key}.txt`;
  if (tooLong) await writeRequest(options, key, file, request);
  return options.sandbox.start({
    name: turnName(key),
    argv: ["sh", "-c", profile.commandLine],
    env: {
      HOME: options.home,
      TERM: "xterm-256color",
      ...options.env,
      COLONY_REQUEST: tooLong ? cutToBytes(request, maxRequestBytes) : request,
      ...(tooLong && { COLONY_REQUEST_FILE: file }),
    },
    cwd: options.cwd,
    terminal: { columns: 120, rows: 40 },
  });
}

/** The whole request by standard input, which has no limit. */
async function writeRequest(
  options: AgentOptions,
  key: string,
  file: string,
  request: string,
): Promise<void> {
  const writer = await options.sandbox.start({
    name: `request-${key}`,
    argv: ["sh", "-c", 'mkdir -p "$(dirname "$0")" && cat > "$0"', file],
    env: {},
    cwd: "/",
  });
  await writer.write(request);
  await writer.closeInput();
  await writer.exited();
}

function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text).subarray(0, maxBytes);
  return bytes.toString("utf8").replace(/\uFFFD+$/, "");
}
