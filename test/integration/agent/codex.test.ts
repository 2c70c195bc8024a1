import { tellRealAgentStory } from "../../agents/real-agent-story.ts";

tellRealAgentStory("codex");
