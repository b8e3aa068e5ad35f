export { runCli, type World } from "./cli.js";
