import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Visitor } from "../../../worker/demo/visitor.ts";
import { type Installation, openInstallation } from "./installation.ts";
import { ask, blocksOf, type Channel, openChannel, type Talk } from "./talk.ts";

/** A page with something wrong in it, and a WebSocket that says its name; on 127.0.0.1 only. */
const server = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const name = readFileSync("name.txt", "utf8").trim();
const page = \`<!doctype html><title>\${name}</title><h1>\${name}</h1>
<script>console.error("no beer left"); fetch("/missing.json");</script>\`;
const answer = (request, response) => {
  if (request.url === "/move") {
    response.writeHead(204).end();
    server.close();
    return createServer(answer).listen(3001, "127.0.0.1");
  }
  const found = request.url === "/";
  response.writeHead(found ? 200 : 404, { "content-type": "text/html" }).end(found ? page : "none");
};
const server = createServer(answer);
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  const words = Buffer.from("hello from " + name);
  socket.write(Buffer.concat([Buffer.from([0x81, words.length]), words]));
});
server.listen(3000, "127.0.0.1");
`;

let colony: Installation;
let visitor: Visitor;
let shop: Channel;

beforeAll(async () => {
  colony = await openInstallation();
  visitor = await colony.visit();
  shop = await openChannel(colony, "shop", {
    "server.mjs": server,
    "name.txt": "Nobody\n",
    ".colony.yml": "preview: {command: node server.mjs, port: 3000}\n",
  });
});
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  shop?.repository[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

const says = (words: string) => ask(colony, visitor, "shop", `/colony run ${words}`);

test("two applications on one port, each behind its link, and their pictures", {
  timeout: 600_000,
}, async () => {
  // One agent starts its server; for the other, the repository's `preview` command does.
  const alpha = await says("write name.txt: Alpha ;; start node server.mjs on 3000 ;; sleep 8");
  const beta = await says("write name.txt: Beta ;; say No server of mine");
  for (const [talk, name] of [
    [alpha, "Alpha"],
    [beta, "Beta"],
  ] as const) {
    const post = await talk.seesMessage(`The link to ${name}`, (message) =>
      JSON.stringify(blocksOf(message, "link")).includes(name),
    );
    const [link] = blocksOf(post, "link");
    const opened = await openPreview(String(link?.url));
    expect(opened.page).toContain(`<h1>${name}</h1>`);
    expect(await firstWords(opened)).toBe(`hello from ${name}`);
    expect(await firstWords({ ...opened, cookie: "" })).toBe("HTTP 403");
    expect((await get(opened.host, "/")).status).toBe(403);
    expect((await fetch(`${colony.origin}${String(link?.url)}`)).status).toBe(401);
  }
  await seesPictures(alpha);
  await seesPictures(beta);
  // Long after the run: the server moves, and the one link of the thread goes with it.
  await beta.sees(/Ready for review/);
  const moving = await openPreview(`/preview/${(await beta.task()).id}/3000`);
  expect((await get(moving.host, "/move", moving.cookie)).status).toBe(204);
  const moved = await beta.seesMessage("The link to port 3001", (message) =>
    blocksOf(message, "link").some(({ url }) => String(url).endsWith("/3001")),
  );
  expect(blocksOf(moved, "link").map(({ url }) => String(url))).toEqual([
    `/preview/${(await beta.task()).id}/3001`,
  ]);
  const [{ id: one }, { id: other }] = [await alpha.task(), await beta.task()];
  const stolen = await openPreview(`/preview/${one}/3000`);
  const elsewhere = stolen.host.replace(one, other);
  expect((await get(elsewhere, "/", stolen.cookie)).status).toBe(403);
  await alpha.presses("Discard");
  await alpha.sees(/Left over: 0 processes, 0 mounts, 0 cgroups/);
  expect((await get(stolen.host, "/", stolen.cookie)).body).toContain("This sandbox is asleep");
});

async function seesPictures(talk: Talk): Promise<void> {
  const post = await talk.seesMessage(
    "A screenshot",
    (one) => blocksOf(one, "pictures").length > 0,
  );
  const [block] = blocksOf(post, "pictures");
  const { pictures } = block as unknown as {
    pictures: { artifact: { id: string; name: string }; caption: string }[];
  };
  expect(pictures.map(({ caption }) => caption)).toEqual(["desktop", "phone"]);
  for (const { artifact } of pictures) {
    const png = await visitor.artifact(artifact.id, artifact.name);
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  }
  const told = JSON.stringify(post.post);
  expect(told).toContain("no beer left");
  expect(told).toMatch(/GET \S*\/missing\.json 404/);
}

interface Opened {
  readonly host: string;
  readonly cookie: string;
  readonly page: string;
}

/** Presses the link as a browser does: the signed address, its cookie, the clean address. */
async function openPreview(path: string): Promise<Opened> {
  const link = new URL(await visitor.follow(path));
  expect(link.port).toBe(String(colony.previewPort));
  const entered = await get(link.host, `${link.pathname}${link.search}`);
  expect(entered.status).toBe(303);
  const cookie = entered.setCookie.split(";")[0] ?? "";
  const { body } = await get(link.host, String(entered.location), cookie);
  return { host: link.host, cookie, page: body };
}

async function get(host: string, path: string, cookie = "") {
  const asked = request({
    port: colony.previewPort,
    host: "127.0.0.1",
    path,
    headers: { host, cookie },
  });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return {
    status: answer.statusCode,
    location: answer.headers.location,
    setCookie: answer.headers["set-cookie"]?.[0] ?? "",
    body: await readText(answer),
  };
}

/** Opens a WebSocket and answers its first message, or how it was refused. */
async function firstWords({ host, cookie }: Opened): Promise<string> {
  const asked = request({
    port: colony.previewPort,
    host: "127.0.0.1",
    path: "/socket",
    headers: {
      host,
      cookie,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.from("sixteen bytes ok").toString("base64"),
    },
  });
  asked.end();
  const refused = once(asked, "response").then(([answer]: IncomingMessage[]) => {
    answer?.resume();
    return `HTTP ${answer?.statusCode}`;
  });
  const opened = once(asked, "upgrade").then(async ([, socket, head]) => {
    const bytes: Buffer = head.length > 2 ? head : (await once(socket, "data"))[0];
    socket.destroy();
    return bytes.subarray(2).toString();
  });
  return Promise.race([refused, opened]);
}
