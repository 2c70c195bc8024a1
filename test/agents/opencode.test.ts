import { tellRealAgentStory } from "./real-agent-story.ts";

tellRealAgentStory("opencode");
