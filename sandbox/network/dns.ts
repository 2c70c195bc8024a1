import {
  type Answer,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_DESIRED,
} from "dns-packet";
import { hostName, type StandIns } from "./stand-in.ts";

/** Clients may keep an answer this long; the stub keeps the address far longer. */
const ttlSeconds = 30;
const authoritativeAndRecursive = 0x0480;
const noSuchName = 3;
const opcodeBits = 0x7800;

/** Reply to one question, and the name that was asked for an address (for the ledger). */
export interface DnsReply {
  readonly bytes: Buffer;
  readonly question?: { readonly name: string; readonly type: string; readonly answered: boolean };
}

/**
 * Answers from the stand-in addresses alone; nothing is ever forwarded, so that questions carry
 * nothing out. Undefined where the bytes are no question.
 */
export function answerDns(bytes: Buffer, standIns: StandIns): DnsReply | undefined {
  const query = decodeQuery(bytes);
  if (query === undefined) return undefined;
  const question = query.questions[0];
  if (question === undefined) return undefined;
  const { answers, rcode } = answersTo(question, standIns);
  const reply: Packet = {
    type: "response",
    id: query.id,
    flags: authoritativeAndRecursive | (query.flags & RECURSION_DESIRED) | rcode,
    questions: [question],
    answers,
  };
  return {
    bytes: encode(reply),
    question: { name: question.name.toLowerCase(), type: question.type, answered: rcode === 0 },
  };
}

function answersTo(question: Question, standIns: StandIns): { answers: Answer[]; rcode: number } {
  const name = hostName(question.name);
  if (name === undefined || name.endsWith(".arpa")) return { answers: [], rcode: noSuchName };
  const local = name === "localhost" || name.endsWith(".localhost");
  if (local && question.type === "AAAA") return { answers: [record(question, "::1")], rcode: 0 };
  if (question.type !== "A") return { answers: [], rcode: 0 };
  const address = local ? "127.0.0.1" : standIns.addressFor(name);
  return { answers: [record({ ...question, type: "A" }, address)], rcode: 0 };
}

function record(question: Question, data: string): Answer {
  const type = question.type === "AAAA" ? "AAAA" : "A";
  return { type, name: question.name, ttl: ttlSeconds, class: "IN", data };
}

function decodeQuery(
  bytes: Buffer,
): { id: number; flags: number; questions: Question[] } | undefined {
  try {
    const packet = decode(bytes);
    const flags = packet.flags ?? 0;
    if (packet.type !== "query" || (flags & opcodeBits) !== 0) return undefined;
    return { id: packet.id ?? 0, flags, questions: packet.questions ?? [] };
  } catch {
    return undefined;
  }
}
