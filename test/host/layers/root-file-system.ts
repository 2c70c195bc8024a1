import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const programs = ["sh", "env", "sleep", "cat", "ls", "id", "mkdir", "rm", "cp"];

/**
 * The folder of a small root file system, of this host's own programs; `runnable` is one that only
 * finds its libraries there.
 */
export function makeRootFileSystem(root: string, runnable = "/bin/sh"): string {
  for (const name of ["usr/bin", "etc", "usr/lib"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const links =
    "ln -s usr/bin bin; for l in lib lib64; do test -L /$l && ln -s usr/$l $l; done; true";
  execFileSync("sh", ["-c", links], { cwd: root });
  for (const name of programs) {
    const path = execFileSync("readlink", ["-f", `/usr/bin/${name}`], { encoding: "utf8" }).trim();
    copyFileSync(path, join(root, "usr/bin", name));
    copyLibraries(path, root);
  }
  copyLibraries(runnable, root);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/team"), "made by the team\n");
  return root;
}

function copyLibraries(program: string, root: string): void {
  const needs = execFileSync("ldd", [program], { encoding: "utf8" });
  for (const [library] of needs.matchAll(/\/\S+(?= \()/g)) {
    const real = library.startsWith("/usr") ? library : `/usr${library}`;
    mkdirSync(join(root, dirname(real)), { recursive: true });
    copyFileSync(real, join(root, real));
  }
}

/** An OCI layout whose layers are these folders, the lowest first. */
export function makeOciLayout(path: string, layers: readonly string[]): string {
  mkdirSync(join(path, "blobs/sha256"), { recursive: true });
  const put = (bytes: Buffer) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(path, "blobs/sha256", hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const packed = layers.map((layer) => {
    const gzip = execFileSync("tar", ["-C", layer, "-cz", "."], { maxBuffer: 2 ** 30 });
    return { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...put(gzip) };
  });
  const config = put(Buffer.from("{}"));
  const manifest = put(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: packed })));
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const other = { ...config, platform: { os: "windows", architecture } };
  const index = {
    schemaVersion: 2,
    manifests: [other, { ...manifest, platform: { os: "linux", architecture } }],
  };
  writeFileSync(join(path, "index.json"), JSON.stringify(index));
  writeFileSync(join(path, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return path;
}

/** Makes one blob something else than its name says. */
export function damageBlob(layout: string): void {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const hex = index.manifests[1].digest.slice("sha256:".length);
  const manifest = JSON.parse(readFileSync(join(layout, "blobs/sha256", hex), "utf8"));
  const blob = manifest.layers[0].digest.slice("sha256:".length);
  writeFileSync(join(layout, "blobs/sha256", blob), "something else");
}

export function makeFolder(parent: string): string {
  return mkdtempSync(join(parent, "image-"));
}
