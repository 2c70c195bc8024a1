import { afterAll, beforeAll, expect, test } from "vitest";
import type { Visitor } from "../../worker/demo/visitor.ts";
import { type Installation, openInstallation } from "../host/whole/installation.ts";
import { ask, type Channel, openChannel } from "../host/whole/talk.ts";

let colony: Installation;
let visitor: Visitor;
let channel: Channel;

beforeAll(async () => {
  colony = await openInstallation();
  visitor = await colony.visit();
  channel = await openChannel(colony, "hello", {
    ".colony.yml": "image: {packages: [hello]}\nsetup: hello >/opt/greeting\n",
  });
});
afterAll(async () => {
  await colony?.[Symbol.asyncDispose]();
  channel?.repository[Symbol.dispose]();
});

test("packages are there, for setup and for the agent, and are fetched once", async () => {
  const words = "run grep 'Hello, world!' /opt/greeting && hello ;; write a.txt: a";
  for (const fetched of [true, false]) {
    const talk = await ask(colony, visitor, "hello", `/colony run ${words}`);
    await talk.sees(/Ready for review/);
    const events = await colony.client.events((await talk.task()).id);
    expect(events.some(({ event }) => event.type === "agent.tool" && event.id === "packages")).toBe(
      fetched,
    );
  }
});
