import { expect, test } from "vitest";
import { decideClaim, decideLandingClaim } from "../../../worker/runs/claim.ts";
import { aTask } from "../a-task.ts";

const facts = { host: "alpha", heartbeat: null, lockIsMine: true, redisUpMs: 60_000, nowMs: 10 };

test("a queued task is taken under the next epoch", () => {
  const claim = decideClaim(aTask({ epoch: 3 }), facts);
  expect(claim).toMatchObject({
    kind: "take",
    transition: { task: { state: "running", epoch: 4, host: "alpha" } },
  });
});

test("a job whose lock went to another driver proves nothing", () => {
  expect(decideClaim(aTask(), { ...facts, lockIsMine: false }).kind).toBe("skip");
});

test("a driver of the same host adopts at once", () => {
  const running = aTask({ state: "running", host: "alpha", epoch: 4 });
  const claim = decideClaim(running, { ...facts, heartbeat: "alpha/4" });
  expect(claim).toMatchObject({
    kind: "take",
    transition: { task: { epoch: 5 }, events: [{ type: "run.adopted" }] },
  });
});

test("a task without a host whose driver may live elsewhere is left alone", () => {
  const running = aTask({ state: "running", epoch: 4 });
  expect(decideClaim(running, { ...facts, heartbeat: "beta/4" }).kind).toBe("later");
});

test("nobody takes what waits for a person, or lies on another host", () => {
  expect(decideClaim(aTask({ state: "waiting" }), facts).kind).toBe("skip");
  expect(decideClaim(aTask({ state: "review" }), facts).kind).toBe("skip");
  expect(decideClaim(aTask({ host: "beta" }), facts).kind).toBe("skip");
});

test("a landing is claimed only while the task is in landing", () => {
  expect(decideLandingClaim(aTask({ state: "landing", epoch: 1 }), facts)).toMatchObject({
    kind: "take",
    transition: { task: { epoch: 2, state: "landing" } },
  });
  expect(decideLandingClaim(aTask({ state: "done" }), facts).kind).toBe("skip");
});
