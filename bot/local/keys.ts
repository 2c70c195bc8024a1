/** Redis keys of the local chat. */
export const localKeys = {
  /** Counts messages; a message's id is `m` and its number. */
  count: "colony:local:count",
  message: (id: string) => `colony:local:message:${id}`,
  /** Ids of a channel's top messages, oldest first. */
  top: (channel: string) => `colony:local:top:${channel}`,
  /** Ids of the messages below a top message, oldest first. */
  thread: (root: string) => `colony:local:thread:${root}`,
  /** Hash key of a post → its message, for each place. */
  posted: (channel: string, root: string) => `colony:local:posted:${channel}:${root}`,
  /** Stream of ids of messages that are new or changed. */
  feed: "colony:local:feed",
  /** Stream of what people did and the bot has yet to handle. */
  inbox: "colony:local:inbox",
  pressed: (origin: string) => `colony:local:pressed:${origin}`,
  channels: "colony:local:channels",
  /** Hash channel → number of its newest message. */
  newest: "colony:local:newest",
  /** Hash place → number of the newest message that a person has seen there. */
  read: (personId: string) => `colony:local:read:${personId}`,
  session: (hash: string) => `colony:local:session:${hash}`,
} as const;
