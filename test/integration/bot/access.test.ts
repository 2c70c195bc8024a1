import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BotProcess, type Installation, openInstallation, startBot } from "./installation.ts";
import { Visitor } from "./visitor.ts";

let installation: Installation;
let bot: BotProcess;
let ada: Visitor;

beforeAll(async () => {
  installation = await openInstallation();
  bot = await installation.startBot();
  ada = new Visitor(bot.address, await installation.signIn(bot));
});
afterAll(() => installation?.[Symbol.asyncDispose]());

/** fetch would not send these headers. */
function rawGet(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${bot.address}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

test("the link's GET does not use it up, its POST does, once", async () => {
  const link = await installation.signInLink(bot);
  for (let at = 0; at < 3; at++) expect((await fetch(link)).status).toBe(200);
  const token = new URL(link).searchParams.get("token");
  const post = () =>
    fetch(`${bot.address}/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { Origin: bot.address },
      body: new URLSearchParams({ token: token ?? "" }),
    });
  const first = await post();
  expect(first.status).toBe(303);
  expect(first.headers.get("set-cookie")).toMatch(/HttpOnly.*SameSite=Strict/i);
  expect((await post()).status).toBe(410);
  expect((await fetch(link)).status).toBe(410);
});

test("only our own name as host, and only our own page as origin", async () => {
  const cookie = { Cookie: ada.cookie };
  const { port } = new URL(bot.address);
  expect(await rawGet("/api/state", cookie)).toBe(200);
  expect(await rawGet("/api/state", { ...cookie, Host: "evil.example" })).toBe(421);
  expect(await rawGet("/api/state", { ...cookie, Host: `k3f9ab.localhost:${port}` })).toBe(421);
  const foreign = { ...cookie, Origin: `http://k3f9ab.localhost:${port}` };
  expect(await rawGet("/api/state", foreign)).toBe(403);
  expect(await rawGet("/api/stream", foreign)).toBe(403);
  expect(await rawGet("/api/state", { ...cookie, "Sec-Fetch-Site": "same-site" })).toBe(403);
  const message = { channel: "general", root: "", text: "hi", origin: "origin-1" };
  const said = await ada.ask("/api/messages", message, { Origin: "http://evil.example" });
  expect(said.status).toBe(403);
});

test("nobody comes by another address of the host", async () => {
  const port = Number(new URL(bot.address).port);
  // A listener for all addresses would hear this one too.
  const socket = connect({ port, host: "127.0.0.2" });
  await expect(once(socket, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("without the cookie nothing is told", async () => {
  const nobody = new Visitor(bot.address, "");
  for (const path of ["/api/state", "/api/messages?channel=general", "/api/stream", "/artifact/x"])
    expect((await nobody.ask(path)).status).toBe(401);
  expect((await nobody.ask("/preview/k3f9ab/3000")).status).toBe(401);
});

test("what an agent made is never served as something that a browser runs", async () => {
  const html = await installation.client.putArtifact(
    Buffer.from("<script>alert(1)</script>"),
    "x.html",
    "text/html",
  );
  const served = await ada.ask(`/artifact/${html.id}?name=..%2Fx.html%0d%0a`);
  expect(served.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(served.headers.get("content-disposition")).toBe('attachment; filename="..-x.html-"');
  expect(served.headers.get("x-content-type-options")).toBe("nosniff");
  expect(served.headers.get("content-security-policy")).toContain("sandbox");
  const png = Buffer.from("89504e470d0a1a0a00", "hex");
  const picture = await installation.client.putArtifact(png, "x.png", "image/png");
  const shown = await ada.ask(`/artifact/${picture.id}?name=x.png`);
  expect(shown.headers.get("content-type")).toBe("image/png");
});

test("a page gets a strict policy", async () => {
  const page = await ada.ask("/");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
});

test("malformed requests are refused, with a sentence", async () => {
  for (const body of [{}, { channel: "General!" }, { channel: "general", text: 5 }, null, []]) {
    const answer = await ada.ask("/api/messages", body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { sentence: string }).sentence).not.toBe("");
  }
});

test("a port that is taken is said in a sentence", async () => {
  const { port } = new URL(bot.address);
  await expect(startBot({ ...installation.env, PORT: port })).rejects.toThrow("ended with 1");
});

test("the feed goes on where a reader left off", async () => {
  const read = async (after: string, until: string) => {
    const response = await ada.ask(`/api/stream?after=${after}`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes(until)) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    return text;
  };
  await ada.says("one before");
  const first = await read("0-0", "one before");
  const at = [...first.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1] ?? "0-0";
  await ada.says("two after");
  const second = await read(at === "0-0" ? "0-0" : at, "two after");
  if (at !== "0-0") expect(second).not.toContain("one before");
});
