import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const port = Number(process.env.PORT ?? 3000);
const types = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8" };

createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const type = types[extname(name)];
  if (!type || name.includes("..")) {
    response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
    return;
  }
  try {
    const body = await readFile(join(import.meta.dirname, name));
    response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
  } catch {
    response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
  }
}).listen(port, "127.0.0.1", () => {
  console.log(`Corner Bakery on http://127.0.0.1:${port}`);
});
