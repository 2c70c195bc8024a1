import type { LayerStepError } from "../../sandbox/sandbox.ts";
import { renderTerminal } from "../agent/terminal/render.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";

const excerptLines = 20;

/** What `image` or `setup` asked for could not be made; the message is for the thread. */
export class SetupFailure extends Error {
  override readonly name = "SetupFailure";
  readonly kind: string;
  constructor(kind: string, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.kind = kind;
  }
}

/** Which command, how it ended, what helps, and its last lines. */
export async function layerFailure(
  error: LayerStepError,
  settings: EffectiveSettings,
): Promise<SetupFailure> {
  const lines = await renderTerminal(Buffer.from(error.output));
  const sentence = failureSentence(error, settings);
  return new SetupFailure(
    error.reason === "host-full" ? "host-full" : `${error.step}-failed`,
    [sentence, ...lines.slice(-excerptLines)].join("\n"),
    { cause: error },
  );
}

/** Pure: the sentence without the lines. */
export function failureSentence(
  error: Pick<LayerStepError, "step" | "command" | "exitCode" | "output" | "reason">,
  settings: Pick<EffectiveSettings, "limits" | "setupTimeoutMs">,
): string {
  const what = error.step === "setup" ? "`setup`" : "`image.packages`";
  const command = error.step === "setup" ? `: ${error.command}` : ":";
  const gibibytes = (bytes: number) => `${Math.round((bytes / 1024 ** 3) * 10) / 10} GB`;
  switch (error.reason) {
    case "host-full":
      return `This host's disk is full: what ${what} makes finds no space. Its administrator can make room (\`colony sweep\`, \`layers:\` in config.yml); Retry goes on from here.`;
    case "sandbox-full":
      return `What ${what} wrote outgrew the sandbox's ${gibibytes(settings.limits.diskBytes)}; \`limits.disk\` in .colony.yml raises it${command}`;
    case "out-of-memory":
      return `${what} was ended by the memory limit of ${gibibytes(settings.limits.memoryBytes)}; \`limits.memory\` in .colony.yml raises it${command}`;
    case "timed-out":
      return `${what} was ended by its time limit of ${Math.round(settings.setupTimeoutMs / 1000)} s; \`limits.setupTime\` in .colony.yml raises it${command}`;
    case "failed": {
      const unknown = error.step === "setup" ? [] : unknownPackages(error.output);
      if (unknown.length > 0) {
        return `\`image.packages\` in .colony.yml names what apt does not know here: ${unknown.join(", ")}.`;
      }
      return `${what} failed (exit ${error.exitCode ?? "by a signal"})${command}`;
    }
  }
}

/** What apt says of names that it has no package for, or not in that version. */
function unknownPackages(output: string): readonly string[] {
  const sayings = [
    /^E: Unable to locate package (\S+)$/gm,
    /^E: Package '([^']+)' has no installation candidate$/gm,
    /^E: Version '[^']+' for '([^']+)' was not found$/gm,
    /^E: Couldn't find any package by (?:glob|regex) '([^']+)'$/gm,
  ];
  const names = sayings.flatMap((saying) =>
    [...output.matchAll(saying)].map(([, name = ""]) => name),
  );
  return [...new Set(names)];
}
