import { openInside } from "./inside.ts";
import { tellRealAgentStory } from "./real-agent-story.ts";

tellRealAgentStory("gemini", () => openInside("gemini"), false);
