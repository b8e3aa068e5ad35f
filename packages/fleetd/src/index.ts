export { runDaemon } from "./daemon.js";
