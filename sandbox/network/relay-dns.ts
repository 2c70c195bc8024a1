import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { answerDns } from "./dns.ts";
import type { RelayContext } from "./relay-context.ts";

const maxTcpClients = 64;
const tcpIdleMs = 10_000;
/** A question that is asked again within this time is no news. */
const sameQuestionMs = 5_000;
const maxQuestions = 2_048;

const asked = new Map<string, number>();

/** Starts the name server stub on the sockets of 127.0.0.1:53, datagrams and streams. */
export async function startDns(
  context: RelayContext,
  fds: { readonly udp: number; readonly tcp: number },
): Promise<void> {
  await Promise.all([startDatagrams(context, fds.udp), startStreams(context, fds.tcp)]);
}

function reply(context: RelayContext, query: Buffer): Buffer | undefined {
  const answer = answerDns(query, context.standIns);
  const question = answer?.question;
  if (question !== undefined && !isRepeated(`${question.name} ${question.type}`)) {
    context.report({ report: "dns", ...question });
  }
  return answer?.bytes;
}

/** A loop of look-ups must not fill the ledger; the first of each few seconds is in it. */
function isRepeated(question: string): boolean {
  const nowMs = Date.now();
  const before = asked.get(question);
  if (before !== undefined && nowMs - before < sameQuestionMs) return true;
  asked.delete(question);
  asked.set(question, nowMs);
  const [oldest] = asked.keys();
  if (asked.size > maxQuestions && oldest !== undefined) asked.delete(oldest);
  return false;
}

function startDatagrams(context: RelayContext, fd: number): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const answer = reply(context, query);
    if (answer !== undefined) socket.send(answer, from.port, from.address, () => {});
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ fd }, () => {
      socket.off("error", reject).on("error", () => {});
      resolve();
    });
  });
}

function startStreams(context: RelayContext, fd: number): Promise<void> {
  const server = createServer((client) => serveStream(context, client));
  server.maxConnections = maxTcpClients;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, resolve);
  });
}

/** Each message is preceded by its length in two bytes. */
function serveStream(context: RelayContext, client: Socket): void {
  let seen: Buffer = Buffer.alloc(0);
  client.setTimeout(tcpIdleMs, () => client.destroy());
  client.on("error", () => client.destroy());
  client.on("data", (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    while (seen.length >= 2 && seen.length >= 2 + seen.readUInt16BE(0)) {
      const length = seen.readUInt16BE(0);
      const answer = reply(context, seen.subarray(2, 2 + length));
      if (answer === undefined) return client.destroy();
      const framed = Buffer.alloc(2 + answer.length);
      framed.writeUInt16BE(answer.length);
      answer.copy(framed, 2);
      // A client that asks and never reads would fill our memory.
      if (!client.write(framed)) return client.destroy();
      seen = seen.subarray(2 + length);
    }
  });
}
