import { defineConfig } from "vitest/config";

/** Projects differ in what they need: nothing, real processes, or namespaces, jj and Chromium. */
const needsHost = {
  globalSetup: ["test/global-setup.ts"],
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./test/count-reporter.ts"],
    projects: [
      { test: { name: "architecture", include: ["test/architecture/**/*.test.ts"] } },
      { test: { name: "unit", include: ["test/{bot,worker,sandbox,screenshots}/**/*.test.ts"] } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          ...needsHost,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "host",
          include: ["test/host/**/*.test.ts"],
          ...needsHost,
          // Kernel objects and two cores: one file at a time.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "long",
          include: ["test/long/**/*.test.ts"],
          ...needsHost,
          testTimeout: 1_800_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "agents",
          include: ["test/agents/**/*.test.ts"],
          ...needsHost,
          testTimeout: 600_000,
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
