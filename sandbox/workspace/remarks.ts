import { maxNewFileBytes } from "./jj-config.ts";
import type { SkippedFiles } from "./jj-text.ts";

const maxNamed = 5;

/** Sentences about what a snapshot could not take in. Pure. */
export function snapshotRemarks(skipped: SkippedFiles, nested: readonly string[]): string[] {
  const remarks = nested.map(
    (path) => `"${printable(path)}" holds its own git repository; nothing in it is saved.`,
  );
  for (const { path, bytes } of skipped.tooLarge.slice(0, maxNamed)) {
    const limit = mebibytes(maxNewFileBytes);
    remarks.push(
      `"${printable(path)}" (${mebibytes(bytes)}) is larger than ${limit}; it is not in the change.`,
    );
  }
  if (skipped.tooLarge.length > maxNamed) {
    remarks.push(`${skipped.tooLarge.length - maxNamed} more large files are not in the change.`);
  }
  for (const name of skipped.notUtf8.slice(0, maxNamed)) {
    remarks.push(`The file name ${printable(name)} is not UTF-8; the file is not in the change.`);
  }
  return remarks;
}

/** A path without what a terminal or a chat would obey. */
export function printable(path: string): string {
  return path.replace(/[\u0000-\u001f\u007f-\u009f]/g, "�").slice(0, 200);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
