/** Every Redis key of ours; BullMQ's own live below `bull:`. */
export const keys = {
  task: (taskId: string) => `colony:task:${taskId}`,
  events: (taskId: string) => `colony:events:${taskId}`,
  /** All tasks by time of creation. */
  tasks: "colony:tasks",
  /** Set of the tasks that a worker has to look after. */
  live: "colony:live",
  /** Stream of {task, event} that the chat has yet to tell. */
  outbox: "colony:outbox",
  /** Hash job id → job, written with a transition and removed once BullMQ has the job. */
  intents: "colony:intents",
  token: (token: string) => `colony:token:${token}`,
  /** Delivery or client request that made a task. */
  origin: (origin: string) => `colony:origin:${origin}`,
  thread: (thread: string) => `colony:thread:${thread}`,
  artifact: (id: string) => `colony:artifact:${id}`,
  /** Summary of a task's network, as of a second ago. */
  egress: (taskId: string) => `colony:egress:${taskId}`,
  /** Hash host → decision that holds for every task on a repository. */
  egressAlways: (repositoryUrl: string) => `colony:egress-always:${repositoryUrl}`,
  repositories: "colony:repositories",
  /** Hash channel → repository name. */
  bindings: "colony:bindings",
  /** Who drives a task: `HOST/EPOCH`, renewed while a driver lives. */
  lease: (taskId: string) => `colony:lease:${taskId}`,
  /** BullMQ job id and lock token by which a driver holds a task, for whoever finds it dead. */
  driver: (pid: number, host: string) => `colony:driver:${host}:${pid}`,
  /** List of ids, each with a sandbox ready for a task on that repository. */
  pool: (repositoryUrl: string) => `colony:pool:${repositoryUrl}`,
  /** Hash id → sandbox that a host's pool made and no task has yet. */
  spares: (host: string) => `colony:spares:${host}`,
  /** Hash repository → what its sandboxes on a host are like, and when they were opened. */
  poolUses: (host: string) => `colony:pool-uses:${host}`,
  host: (host: string) => `colony:host:${host}`,
  leader: (role: string) => `colony:leader:${role}`,
  /** Bytes of a log that the sink has on disk. */
  logAck: (taskId: string, name: string) => `colony:log-ack:${taskId}:${name}`,
  logStream: "colony:log-bytes",
} as const;

/** Channel on which a task's changes are announced (Redis publish; only a hint, never the truth). */
export function wakeChannel(taskId: string): string {
  return `colony:wake:${taskId}`;
}
