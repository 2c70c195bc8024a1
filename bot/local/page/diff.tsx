import { useEffect, useState } from "preact/hooks";
import type { ArtifactRef } from "../../../worker/protocol/change.ts";
import { fetchText } from "./api.ts";
import { type DiffFile, parseDiff } from "./diff-parse.ts";
import { artifactUrl } from "./pictures.tsx";

const shownLines = 400;
const openLines = 160;

/** A diff, file by file. */
export function DiffBlock({ artifact }: { artifact: ArtifactRef }) {
  const [files, setFiles] = useState<readonly DiffFile[] | undefined>();
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    fetchText(artifact.id).then(
      (text) => setFiles(parseDiff(text)),
      (error: unknown) => setTrouble(error instanceof Error ? error.message : "Not shown."),
    );
  }, [artifact.id]);
  if (trouble !== "") return <p class="text tone-warn">{trouble}</p>;
  if (files === undefined) return <p class="quiet">Reading the diff…</p>;
  return (
    <div class="diff">
      {files.map((file) => (
        <DiffFileView key={file.path} file={file} />
      ))}
      <p class="file">
        <a href={artifactUrl(artifact)} download={artifact.name}>
          Save as a file
        </a>
      </p>
    </div>
  );
}

function DiffFileView({ file }: { file: DiffFile }) {
  const [whole, setWhole] = useState(false);
  const lines = whole ? file.lines : file.lines.slice(0, shownLines);
  return (
    <details open={file.lines.length <= openLines}>
      <summary>
        <span class="path">{file.path}</span>
        {file.note !== "" && <span class="quiet">{file.note}</span>}
        <span class="spring" />
        <span class="plus">+{file.added}</span>
        <span class="minus">−{file.removed}</span>
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region needs the keyboard */}
      <section class="diff-lines" tabIndex={0} aria-label={`Changes of ${file.path}`}>
        <table>
          <tbody>
            {lines.map((line, at) => (
              <tr key={`${at}`} class={line.kind}>
                <td class="number">{line.before ?? ""}</td>
                <td class="number">{line.after ?? ""}</td>
                <td class="sign">
                  {line.kind === "plus" ? "+" : line.kind === "minus" ? "−" : ""}
                </td>
                <td class="line">{line.kind === "hunk" ? `⋯ ${line.text}` : line.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {file.lines.length > lines.length && (
        <button type="button" class="button plain" onClick={() => setWhole(true)}>
          Show {file.lines.length - lines.length} more lines
        </button>
      )}
    </details>
  );
}
