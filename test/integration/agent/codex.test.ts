import { openBareAgent } from "../../agents/real-agent.ts";
import { tellRealAgentStory } from "../../agents/real-agent-story.ts";

tellRealAgentStory("codex", () => openBareAgent("codex"));
