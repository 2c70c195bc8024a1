import { dirname, join, normalize } from "node:path";

/** Who may import what of ours: the first row whose `from` fits decides. Paths from the top. */
const TABLE: readonly { from: RegExp; may: readonly RegExp[] }[] = [
  {
    from: /^bot\/(commands|replies)\//,
    may: [/^bot\/(?!slack\/|discord\/|local\/)/, /^worker\/protocol\//],
  },
  { from: /^bot\/(slack|discord|local)\//, may: [/^bot\/(?!commands\/)/, /^worker\/protocol\//] },
  { from: /^bot\//, may: [/^bot\//, /^worker\/protocol\//] },
  { from: /^worker\/protocol\//, may: [/^worker\/protocol\//] },
  { from: /^worker\/setup\//, may: [/^worker\/setup\//] },
  {
    from: /^worker\//,
    may: [
      /^worker\/(?!setup\/)/,
      /^sandbox\/(sandbox|workspace|state-folder|command|host-checks?)\.ts$/,
      /^screenshots\/screenshots\.ts$/,
    ],
  },
  { from: /^sandbox\//, may: [/^sandbox\//] },
  { from: /^screenshots\//, may: [/^screenshots\//] },
];

const IMPORT =
  /^\s*(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

/** The modules that a source text imports. */
export function parseImports(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");
}

/** Sentences about the imports of one file that the table does not allow. */
export function forbiddenImports(file: string, text: string): string[] {
  const row = TABLE.find(({ from }) => from.test(file));
  if (!row) return [];
  return parseImports(text).flatMap((target) => {
    if (!target.startsWith(".")) {
      const isOutside = file.startsWith("worker/setup/") && !target.startsWith("node:");
      return isOutside ? [`${file} imports ${target}: set-up runs before npm ci`] : [];
    }
    const path = normalize(join(dirname(file), target));
    return row.may.some((allowed) => allowed.test(path)) ? [] : [`${file} may not import ${path}`];
  });
}
