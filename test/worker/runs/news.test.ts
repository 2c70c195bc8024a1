import { expect, test } from "vitest";
import type { AgentNews } from "../../../worker/agent/agent.ts";
import { decideNews, longOutput } from "../../../worker/runs/news.ts";
import { aTask } from "../a-task.ts";

const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`).join("\n");

function ran(output: string, status: "completed" | "in_progress" = "completed"): AgentNews {
  const tool = { id: "t1", title: "npm test", kind: "execute", status, output } as const;
  return { happening: { kind: "tool", tool }, saved: {} } as unknown as AgentNews;
}

test("an output longer than its excerpt is kept whole, as a file of its event", () => {
  expect(longOutput(ran(lines(40)))).toBeUndefined();
  expect(longOutput(ran(lines(41), "in_progress"))).toBeUndefined();
  const news = ran(lines(300));
  expect(longOutput(news)).toBe(lines(300));
  const whole = { id: "a1", name: "output.log", type: "text/plain", bytes: 9 };
  const [event] = decideNews(aTask(), news, whole as never)?.events ?? [];
  expect(event).toMatchObject({ type: "agent.tool", artifact: whole });
  expect((event as { excerpt: string }).excerpt.split("\n")).toHaveLength(40);
});
