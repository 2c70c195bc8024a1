import { useEffect, useRef, useState } from "preact/hooks";
import type { ArtifactRef } from "../../../worker/protocol/change.ts";
import type { Picture } from "../../post.ts";

export function artifactUrl(artifact: ArtifactRef): string {
  return `/artifact/${artifact.id}?name=${encodeURIComponent(artifact.name)}`;
}

/** Pictures side by side; a click opens them large. */
export function Pictures({ pictures, small }: { pictures: readonly Picture[]; small: boolean }) {
  const [open, setOpen] = useState<number | undefined>();
  return (
    <div class={`pictures${small ? " small" : ""}`}>
      {pictures.map((picture, at) => (
        <figure key={picture.artifact.id}>
          <button type="button" class="picture" onClick={() => setOpen(at)}>
            <img src={artifactUrl(picture.artifact)} alt={picture.alt} loading="lazy" />
          </button>
          <figcaption>{picture.caption}</figcaption>
        </figure>
      ))}
      {open !== undefined && (
        <Lightbox pictures={pictures} at={open} move={setOpen} close={() => setOpen(undefined)} />
      )}
    </div>
  );
}

function Lightbox({
  pictures,
  at,
  move,
  close,
}: {
  pictures: readonly Picture[];
  at: number;
  move: (at: number) => void;
  close: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const picture = pictures[at];
  const step = (by: number) => move((at + by + pictures.length) % pictures.length);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  };
  if (picture === undefined) return null;
  return (
    <dialog
      ref={dialog}
      class="lightbox"
      aria-label={picture.alt}
      onClose={close}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
    >
      <div class="lightbox-bar">
        <span>{picture.caption}</span>
        <span class="spring" />
        {pictures.length > 1 && (
          <>
            <button type="button" class="button plain" onClick={() => step(-1)}>
              Previous
            </button>
            <button type="button" class="button plain" onClick={() => step(1)}>
              Next
            </button>
          </>
        )}
        <a
          class="button plain"
          href={artifactUrl(picture.artifact)}
          download={picture.artifact.name}
        >
          Save
        </a>
        <button type="button" class="button plain" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <div class="lightbox-picture">
        <img src={artifactUrl(picture.artifact)} alt={picture.alt} />
      </div>
    </dialog>
  );
}
