/** Files by which package managers decide what they install, wherever in a repository. */
const names: ReadonlySet<string> = new Set([
  ...["package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"],
  ...["pnpm-workspace.yaml", "bun.lock", "bun.lockb", "deno.lock", ".npmrc", ".yarnrc.yml"],
  ...["pyproject.toml", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock"],
  ...["setup.py", "setup.cfg", "environment.yml", "Gemfile", "Gemfile.lock", "Cargo.toml"],
  ...["Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "go.mod", "go.sum", "go.work"],
  ...["composer.json", "composer.lock", "mix.exs", "mix.lock", "pom.xml", "build.gradle"],
  ...["build.gradle.kts", "gradle.lockfile", "flake.nix", "flake.lock", "Makefile"],
  ...[".nvmrc", ".node-version", ".python-version", ".ruby-version", ".tool-versions"],
  // What is ignored decides what of the workspace is kept.
  ".gitignore",
]);

/**
 * Pure: whether a file of the commit has a say in what `setup` makes: lock files and their like, and
 * what the command itself names, be it a script or the folder of one.
 */
export function decidesSetup(path: string, setup: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (names.has(name) || /^(requirements|constraints)[\w.-]*\.(txt|in)$/.test(name)) return true;
  const words = setup.split(/[\s;&|()<>"'=]+/).map((word) => word.replace(/^\.\//, ""));
  return words.some((word) => {
    const bare = word.replace(/\/+$/, "");
    return bare !== "" && bare !== "." && (path === bare || path.startsWith(`${bare}/`));
  });
}
