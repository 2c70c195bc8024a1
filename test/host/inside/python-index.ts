import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";

const wheel = "greet-1.0-py3-none-any.whl";

/** A package index of one pure package, `greet`, as pip wants it. */
export function servePythonIndex(folder: string): RequestListener {
  const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("greet.py", "print('greet from the index')\\n")
    z.writestr("greet-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: greet\\nVersion: 1.0\\n")
    z.writestr("greet-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr("greet-1.0.dist-info/RECORD", "greet.py,,\\ngreet-1.0.dist-info/METADATA,,\\ngreet-1.0.dist-info/WHEEL,,\\ngreet-1.0.dist-info/RECORD,,\\n")
`;
  const file = join(folder, wheel);
  execFileSync("python3", ["-c", script, file]);
  const bytes = readFileSync(file);
  return (request, response) => {
    if (request.url === "/simple/greet/") {
      response.setHeader("Content-Type", "text/html");
      response.end(`<!DOCTYPE html><a href="/files/${wheel}">${wheel}</a>`);
    } else if (request.url === `/files/${wheel}`) response.end(bytes);
    else response.writeHead(404).end();
  };
}
