import { z } from "zod";

/** A question is its length, as a number of four bytes, and the terminal's bytes. */
export const lengthBytes = 4;
export const maxFrameBytes = 1024 * 1024;

/** An answer is one line of JSON. Who emulates is not trusted more than what it emulates. */
export const maxAnswerBytes = 4 * 1024 * 1024;
const answer = z.array(z.string());

export function renderQuestion(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Parses an answer, or throws. */
export function parseAnswer(line: string): readonly string[] {
  return answer.parse(JSON.parse(line));
}
