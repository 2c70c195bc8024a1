import { expect, test } from "vitest";
import { decidePort } from "../../../worker/cli/commands/up.ts";
import { supervisorEnvironment } from "../../../worker/cli/ensure-supervisor.ts";
import { botEnvironment } from "../../../worker/cli/programs.ts";
import { parseWorkerConfig } from "../../../worker/config.ts";

const environment = {
  COLONY_HOME: "/srv/colony",
  ANTHROPIC_API_KEY: "secret",
  SLACK_BOT_TOKEN: "xoxb",
  HOME: "/root",
};
const config = parseWorkerConfig(environment);
const caller = { uid: 1000, gid: 1000, home: "/home/ada", env: {} };

test("the bot gets its tokens and no model's key", () => {
  const env = botEnvironment({ config, admin: {}, environment, port: 8080, caller });
  expect(env).toMatchObject({
    COLONY_HOME: "/srv/colony",
    PORT: "8080",
    SLACK_BOT_TOKEN: "xoxb",
    COLONY_CALLER_UID: "1000",
    REDIS_URL: "/srv/colony/redis/control.sock",
    COLONY_BYTES_REDIS: "/srv/colony/redis/bytes.sock",
  });
  expect(JSON.stringify(env)).not.toContain("secret");
});

test("the administrator's word wins over the environment", () => {
  const admin = { previewPort: 9000, idle: 600_000, concurrency: 3 };
  const env = supervisorEnvironment({ config, admin, environment });
  const told = parseWorkerConfig(env);
  expect(told.previewPort).toBe(9000);
  expect(told.idleMs).toBe(600_000);
  expect(told.drivers * told.driverConcurrency).toBeGreaterThanOrEqual(3);
  expect(told.drivers * told.driverConcurrency).toBeLessThanOrEqual(4);
  expect(env.ANTHROPIC_API_KEY).toBe("secret");
});

test("one run at once is one driver with one", () => {
  const env = supervisorEnvironment({ config, admin: { concurrency: 1 }, environment });
  expect(parseWorkerConfig(env)).toMatchObject({ drivers: 1, driverConcurrency: 1 });
});

const cli = (variables: Record<string, string>) => ({
  environment: variables,
  cwd: "/",
  stdout: { write: () => true },
  stderr: { write: () => true },
  isInteractive: false,
});

test.each([
  [{ port: "1" }, { port: 2 }, { PORT: "3" }, 1],
  [{}, { port: 2 }, { PORT: "3" }, 2],
  [{}, {}, { PORT: "3" }, 3],
  [{}, {}, {}, 7788],
])("the port of %j, %j, %j is %i", (options, admin, variables, port) => {
  expect(decidePort(options, admin, cli(variables as Record<string, string>))).toBe(port);
});

test.each(["0", "65536", "80a", "-1", ""])("%j is no port", (port) => {
  expect(() => decidePort({ port }, {}, cli({}))).toThrow("is no port");
});
