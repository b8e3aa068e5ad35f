export { defaultConfig, type SimConfig } from "./config.js";
export { type Outcome, runScript } from "./run/run-script.js";
export { generateScript, type Script } from "./script/generate.js";
