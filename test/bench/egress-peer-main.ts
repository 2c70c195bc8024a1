import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";

/*
 * The far end and the near end of the egress bench, each a process of its own.
 * `serve HOST HTTP-PORT TCP-PORT`: a page, and as many bytes as the first line asks for.
 * `first-byte HOST PORT ROUNDS`: milliseconds from `connect` to the answer's first byte, each.
 * `pull HOST PORT BYTES`: milliseconds until all of them are there.
 * HOST may be a dialer's socket, which is told the port first.
 */
const [, , word, host = "", ...numbers] = process.argv;
const [first = 0, second = 0] = numbers.map(Number);
const chunk = Buffer.alloc(256 * 1024, "abcdefgh");

switch (word) {
  case "serve":
    await serve(first, second);
    break;
  case "first-byte": {
    const samples: number[] = [];
    for (let round = 0; round < second; round += 1) samples.push(await firstByte(first));
    console.log(JSON.stringify(samples));
    break;
  }
  case "pull":
    console.log(JSON.stringify([await pull(first, second)]));
    break;
  default:
    throw new Error(`There is no word "${word}".`);
}

async function serve(httpPort: number, tcpPort: number): Promise<void> {
  const http = createServer((_, answer) => answer.end("page\n")).listen(httpPort, host);
  const tcp = createTcpServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (line) => void push(socket, Number(String(line))));
  }).listen(tcpPort, host);
  await Promise.all(
    [http, tcp].map((server) => new Promise((resolve) => server.once("listening", resolve))),
  );
  console.log(JSON.stringify({ port: (http.address() as AddressInfo).port }));
}

async function push(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= chunk.length) {
    const isRoom = socket.write(chunk.subarray(0, Math.min(left, chunk.length)));
    if (!isRoom) await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.end();
}

/** Connected, and past the dialer's `OK` where there is one. */
async function open(port: number): Promise<Socket> {
  if (!host.startsWith("/")) return connect({ host, port, noDelay: true });
  const socket = connect(host);
  socket.write(`${port}\n`);
  await new Promise<void>((resolve) => {
    socket.once("data", () => {
      socket.pause();
      resolve();
    });
  });
  return socket;
}

async function firstByte(port: number): Promise<number> {
  const startMs = performance.now();
  const socket = await open(port);
  const name = host.startsWith("/") ? "localhost" : host;
  socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve).resume());
  const ms = performance.now() - startMs;
  socket.destroy();
  return ms;
}

async function pull(port: number, bytes: number): Promise<number> {
  const startMs = performance.now();
  const socket = await open(port);
  socket.write(`${bytes}\n`);
  let got = 0;
  socket.on("data", (part) => (got += part.length)).resume();
  await new Promise((resolve) => socket.once("end", resolve));
  if (got !== bytes) throw new Error(`${got} bytes came of ${bytes}.`);
  return performance.now() - startMs;
}
