/** Started through the launcher by its test: says who it is, echoes, and ends as told. */
process.on("SIGTERM", () => {
  process.stdout.write("told to end\n");
  process.exit(9);
});
process.stdin.pipe(process.stdout, { end: false });
process.stdin.on("end", () => {
  process.exitCode = 7;
});
// Last: whoever reads it may send the signal at once.
const said = {
  pid: process.pid,
  node: process.version,
  runtime: process.env.COLONY_RUNTIME,
  arguments: process.argv.slice(2),
  umask: process.umask(),
};
process.stdout.write(`${JSON.stringify(said)}\n`);
