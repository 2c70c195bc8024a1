/** Finds the first dotted number of a version line. */
export function parseVersion(text) {
  const found = /\d+(?:\.\d+)+/.exec(text);
  return found ? found[0] : undefined;
}

/** Compares two dotted numbers: negative, zero or positive. */
export function compareVersions(left, right) {
  const a = left.split(".").map(Number);
  const b = right.split(".").map(Number);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version lies in [from, below). */
export function inRange(version, { from, below }) {
  return compareVersions(version, from) >= 0 && compareVersions(version, below) < 0;
}
