import { emulate } from "./emulate.ts";
import { lengthBytes, maxFrameBytes } from "./emulator-protocol.ts";

/*
 * Emulates terminals for a driver, which is root, as nobody: bytes in, lines out, one answer for
 * each question in turn. It ends when its input does.
 */
let held = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  held = Buffer.concat([held, chunk as Buffer]);
  for (;;) {
    if (held.length < lengthBytes) break;
    const length = held.readUInt32BE(0);
    if (length > maxFrameBytes) process.exit(2);
    if (held.length < lengthBytes + length) break;
    const lines = await emulate(held.subarray(lengthBytes, lengthBytes + length));
    process.stdout.write(`${JSON.stringify(lines)}\n`);
    held = held.subarray(lengthBytes + length);
  }
}
