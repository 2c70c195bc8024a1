import type { Block, Button, Post } from "../../post.ts";
import type { ShownMessage } from "../message.ts";
import { DiffBlock } from "./diff.tsx";
import { Markdown } from "./markdown.tsx";
import { MarkSign } from "./marks.tsx";
import { artifactUrl, Pictures } from "./pictures.tsx";
import { goTo } from "./place.ts";
import { Buttons } from "./press-buttons.tsx";
import { Steps } from "./steps.tsx";
import { useStore } from "./store.ts";
import { Clock } from "./time.tsx";

/** A post of ours: with a title it is drawn as a card, a line that calls somebody as one. */
export function PostView({ post, message }: { post: Post; message: ShownMessage }) {
  const title = post.blocks.find((block) => block.kind === "title");
  const parts = post.blocks.map((block, at) => (
    <BlockView key={`${block.kind}${at}`} block={block} messageId={message.id} />
  ));
  const mention = post.mention !== undefined && <Mention person={post.mention} />;
  if (title !== undefined) {
    const edge = title.mark === undefined ? "" : ` edge-${title.mark}`;
    return (
      <section class={`post card${edge}`} aria-label={post.fallback}>
        {mention !== false && <p class="called">{mention}</p>}
        {parts}
      </section>
    );
  }
  if (post.mention === undefined && post.about === undefined)
    return <div class="post">{parts}</div>;
  return (
    <div class="post notice">
      {mention} {parts} {post.about !== undefined && <ToCard message={message} card={post.about} />}
    </div>
  );
}

function Mention({ person }: { person: { readonly id: string; readonly name: string } }) {
  const isMe = useStore().person?.id === person.id;
  return <strong class={`mention${isMe ? " mine" : ""}`}>@{person.name}</strong>;
}

/** Leads up to the card that a line is about. */
function ToCard({ message, card }: { message: ShownMessage; card: string }) {
  const { channel, root } = message;
  return (
    <a
      class="to-card"
      href={`#/${channel}/${root}/${card}`}
      onClick={(event) => {
        event.preventDefault();
        goTo(channel, root, card);
      }}
    >
      See the card <span aria-hidden="true">↑</span>
    </a>
  );
}

function BlockView({ block, messageId }: { block: Block<Button>; messageId: string }) {
  switch (block.kind) {
    case "title":
      return (
        <header class="title">
          {block.mark !== undefined && <MarkSign mark={block.mark} />}
          <h3>{block.text}</h3>
          {block.note !== undefined && <span class="note">{block.note}</span>}
          {block.clock !== undefined && (
            <Clock baseMs={block.clock.baseMs} sinceMs={block.clock.sinceMs} />
          )}
        </header>
      );
    case "text":
      return (
        <div class={`text tone-${block.tone ?? "plain"}`}>
          <Markdown text={block.markdown} />
        </div>
      );
    case "fields":
      return (
        <dl class="fields">
          {block.fields.map((field) => (
            <div key={field.label}>
              <dt>{field.label}</dt>
              <dd class={field.mono ? "mono" : ""} title={field.value}>
                {field.value}
              </dd>
            </div>
          ))}
        </dl>
      );
    case "checklist":
      return (
        <ol class="checklist" aria-label="Plan">
          {block.entries.map((entry, at) => (
            <li key={`${at}`} class={entry.status}>
              <span class="tick" aria-hidden="true" />
              <span>{entry.title}</span>
              <span class="unseen">{` (${entry.status.replace("_", " ")})`}</span>
            </li>
          ))}
        </ol>
      );
    case "steps":
      return <Steps block={block} />;
    case "excerpt":
      return (
        <figure class={`excerpt tone-${block.tone ?? "plain"}`}>
          <figcaption>
            <code>{block.title}</code>
            {block.artifact !== undefined && (
              <a href={artifactUrl(block.artifact)} download={block.artifact.name}>
                whole output
              </a>
            )}
          </figcaption>
          {block.text !== "" && <pre>{block.text}</pre>}
        </figure>
      );
    case "changes":
      return <Changes block={block} />;
    case "diff":
      return <DiffBlock artifact={block.artifact} />;
    case "buttons":
      return <Buttons buttons={block.buttons} messageId={messageId} />;
    case "link":
      return (
        <p class="link">
          <a class="button plain" href={block.url} target="_blank" rel="noopener noreferrer">
            {block.label}
            <span aria-hidden="true">↗</span>
          </a>
          {block.note !== undefined && <span class="quiet">{block.note}</span>}
        </p>
      );
    case "pictures":
      return <Pictures pictures={block.pictures} small={block.small === true} />;
    case "file":
      return (
        <p class="file">
          <a href={artifactUrl(block.artifact)} download={block.artifact.name}>
            {block.label}
          </a>
          <span class="quiet">{sizeWords(block.artifact.bytes)}</span>
        </p>
      );
    case "footer":
      return (
        <footer class="foot">
          {block.parts.map((part) => (
            <span key={part}>{part}</span>
          ))}
        </footer>
      );
  }
}

function Changes({ block }: { block: Extract<Block<Button>, { kind: "changes" }> }) {
  const most = Math.max(1, ...block.files.map((file) => file.added + file.removed));
  return (
    <div class="changes">
      <ul>
        {block.files.map((file) => (
          <li key={file.path}>
            <span class={`status status-${file.status}`} title={file.status}>
              {file.status[0]?.toUpperCase()}
            </span>
            <span class="path" title={file.path}>
              {file.path}
            </span>
            <span class="plus">+{file.added}</span>
            <span class="minus">−{file.removed}</span>
            <Bar added={file.added} removed={file.removed} most={most} />
          </li>
        ))}
      </ul>
      {block.more > 0 && <p class="quiet">and {block.more} more files</p>}
    </div>
  );
}

function Bar({ added, removed, most }: { added: number; removed: number; most: number }) {
  const dots = Math.max(1, Math.round((5 * (added + removed)) / most));
  const green = added + removed === 0 ? 0 : Math.round((dots * added) / (added + removed));
  return (
    <span class="ratio" aria-hidden="true">
      {[0, 1, 2, 3, 4].map((at) => (
        <i key={at} class={at < green ? "plus" : at < dots ? "minus" : ""} />
      ))}
    </span>
  );
}

function sizeWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
