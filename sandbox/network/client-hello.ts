/** What the first bytes of a connection are, as far as they have come. */
export type ClientHello =
  | { readonly kind: "incomplete" }
  | { readonly kind: "not-tls" }
  | { readonly kind: "hello"; readonly serverName?: string };

/** A hello with post-quantum keys is about 2 KB; nobody sends more than this. */
export const maxHelloBytes = 16_384;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;

/** Reads the server name out of a TLS ClientHello, which may be spread over several records. */
export function parseClientHello(bytes: Buffer): ClientHello {
  const message = handshakeBytes(bytes);
  if (message === undefined) return { kind: "not-tls" };
  if (message.length < 4) return { kind: "incomplete" };
  if (message[0] !== clientHelloMessage) return { kind: "not-tls" };
  const length = message.readUIntBE(1, 3);
  if (length > maxHelloBytes) return { kind: "not-tls" };
  if (message.length < 4 + length) return { kind: "incomplete" };
  try {
    const serverName = findServerName(message.subarray(4, 4 + length));
    return serverName === undefined ? { kind: "hello" } : { kind: "hello", serverName };
  } catch {
    return { kind: "not-tls" };
  }
}

/** Handshake bytes of the records so far; undefined when a record is of another kind. */
function handshakeBytes(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== handshakeRecord) return at === 0 ? undefined : Buffer.concat(parts);
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return undefined;
    if (at + 5 > bytes.length) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > 16_384) return undefined;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return Buffer.concat(parts);
}

/** Walks version, random, session, ciphers, compressions; throws RangeError on a lie about a length. */
function findServerName(hello: Buffer): string | undefined {
  let at = 2 + 32;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  if (at >= hello.length) return undefined;
  const end = at + 2 + hello.readUInt16BE(at);
  if (end > hello.length) throw new RangeError("extensions longer than the hello");
  at += 2;
  while (at + 4 <= end) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    if (at + 4 + length > end) throw new RangeError("extension longer than its list");
    if (type === serverNameExtension) return nameIn(hello.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

function nameIn(extension: Buffer): string {
  const type = extension.readUInt8(2);
  const length = extension.readUInt16BE(3);
  if (type !== 0 || 5 + length > extension.length) throw new RangeError("no host name");
  return extension.toString("latin1", 5, 5 + length);
}

/** Fatal alerts in the clear, before any key exists. */
export const tlsAlert = {
  accessDenied: Buffer.from([21, 3, 3, 0, 2, 2, 49]),
  internalError: Buffer.from([21, 3, 3, 0, 2, 2, 80]),
} as const;
