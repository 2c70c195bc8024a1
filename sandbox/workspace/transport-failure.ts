import type { RepositoryAddress } from "./address.ts";
import { RepositoryError } from "./errors.ts";

/**
 * What git's words about a remote mean. git has one exit code (128) for all of them, so its English
 * words (LC_ALL=C) are the only source; this is the one place that reads them.
 */
export function transportFailure(address: RepositoryAddress, stderr: string): RepositoryError {
  const words = stderr.toLowerCase();
  const { label } = address;
  const says = (...parts: string[]) => parts.some((part) => words.includes(part));
  if (says("dubious ownership")) {
    return new RepositoryError(
      "no-access",
      `${label} belongs to another user of this machine, and git refuses it; allow it with: git config --global --add safe.directory '${label}'`,
    );
  }
  if (says("host key verification failed")) {
    return new RepositoryError(
      "no-access",
      `The ssh host key of ${label} is not known to this account; connect once with ssh and accept it.`,
    );
  }
  if (
    says(
      "authentication failed",
      "could not read username",
      "could not read password",
      "terminal prompts disabled",
      "permission denied",
      "error: 403",
      "error: 401",
      "access denied",
    )
  ) {
    return new RepositoryError(
      "no-access",
      `${label} cannot be read with the rights of the account that asked: it is private, or a credential is missing.`,
    );
  }
  if (says("unable to find remote helper for 'ssh'", "cannot run ssh")) {
    return new RepositoryError("unreachable", `${label} needs ssh, which this machine lacks.`);
  }
  if (
    says(
      "could not resolve host",
      "failed to connect",
      "couldn't connect",
      "connection refused",
      "connection timed out",
      "network is unreachable",
      "name or service not known",
      "ssl certificate",
      "no answer in time",
    )
  ) {
    return new RepositoryError("unreachable", `${label} does not answer: ${lastLine(stderr)}`);
  }
  if (
    says("not found", "does not exist", "does not appear to be a git repository", "no such file")
  ) {
    return new RepositoryError(
      "not-found",
      `There is no git repository at ${label}, or the account that asked may not see it.`,
    );
  }
  return new RepositoryError("failed", `${label}: ${lastLine(stderr)}`);
}

function lastLine(stderr: string): string {
  const lines = stderr.trim().split("\n");
  const telling = lines.find((line) => /^(fatal|error):/.test(line)) ?? lines.at(-1) ?? "";
  // git shows credentials of a URL in some of its words.
  return telling.replace(/\/\/[^/@\s]*@/g, "//").slice(0, 300);
}
