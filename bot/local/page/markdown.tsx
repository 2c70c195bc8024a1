import type { Nodes, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

const longest = 60_000;

/** Markdown from agents, drawn node by node: raw HTML stays text, pictures stay links. */
export function Markdown({ text }: { text: string }) {
  const tree = useMemo(() => {
    const source = text.length > longest ? `${text.slice(0, longest)}\n\n…` : text;
    return fromMarkdown(source, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  }, [text]);
  return <div class="markdown">{tree.children.map(draw)}</div>;
}

function children(nodes: readonly RootContent[]): ComponentChildren {
  return nodes.map(draw);
}

function draw(node: Nodes): ComponentChildren {
  switch (node.type) {
    case "text":
      return node.value;
    case "html":
      return node.value;
    case "paragraph":
      return <p>{children(node.children)}</p>;
    case "heading":
      return <p class="heading">{children(node.children)}</p>;
    case "strong":
      return <strong>{children(node.children)}</strong>;
    case "emphasis":
      return <em>{children(node.children)}</em>;
    case "delete":
      return <del>{children(node.children)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return (
        <pre class="code">
          <code>{node.value}</code>
        </pre>
      );
    case "break":
      return <br />;
    case "thematicBreak":
      return <hr />;
    case "blockquote":
      return <blockquote>{children(node.children)}</blockquote>;
    case "list":
      return node.ordered === true ? (
        <ol start={node.start ?? 1}>{children(node.children)}</ol>
      ) : (
        <ul>{children(node.children)}</ul>
      );
    case "listItem":
      return (
        <li>
          {typeof node.checked === "boolean" ? (node.checked ? "☑ " : "☐ ") : null}
          {children(node.children)}
        </li>
      );
    case "link":
      return <SafeLink url={node.url}>{children(node.children)}</SafeLink>;
    case "image":
      return <SafeLink url={node.url}>{node.alt || "picture"}</SafeLink>;
    case "table":
      return (
        <div class="table">
          <table>
            <tbody>{children(node.children)}</tbody>
          </table>
        </div>
      );
    case "tableRow":
      return <tr>{children(node.children)}</tr>;
    case "tableCell":
      return <td>{children(node.children)}</td>;
    default:
      return "children" in node ? children(node.children as RootContent[]) : null;
  }
}

/** Shows where a link leads when its text says something else. */
function SafeLink({ url, children: text }: { url: string; children: ComponentChildren }) {
  if (!/^https?:\/\//i.test(url)) return <span>{text}</span>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow" title={url}>
      {text}
    </a>
  );
}
