import { openInside } from "../agents/inside.ts";
import { tellRealAgentStory } from "../agents/real-agent-story.ts";

tellRealAgentStory("codex", () => openInside("codex"));
