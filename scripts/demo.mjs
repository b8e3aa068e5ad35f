// `npm run demo`: sets up what is missing, builds, and runs packages/demo. `npm run demo -- --help` has the rest.
import { existsSync } from "node:fs";
import { demoHelp, parseDemoArguments } from "./arguments.mjs";
import { prepare, refuseArguments, runProgram } from "./program.mjs";
import { checkout } from "./setup.mjs";

const bundle = `${checkout}/packages/demo/dist/demo.mjs`;
const request = parseDemoArguments(process.argv.slice(2));

if (typeof request === "string") refuseArguments("demo", request, demoHelp);
else if (request.action === "help") process.stdout.write(demoHelp);
else {
  await runProgram("demo", async (io) => {
    if (request.action === "start" || !existsSync(bundle)) await prepare(console.log);
    const { runDemo } = await import(bundle);
    return await runDemo({ checkout, request, ...io });
  });
}
