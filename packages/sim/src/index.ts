export { defaultConfig, type SimConfig } from "./config.js";
export { type Outcome, runScript } from "./run/run-script.js";
export { type Shrunk, shrink } from "./run/shrink.js";
export { generateScript, type Script } from "./script/generate.js";
export { tellStory } from "./story/tell-story.js";
