#!/usr/bin/env node
// A resource that checks fencing tokens: it takes lines from whoever has the newest token it has seen, and refuses all older
// ones. That is all a resource has to do so that a machine that was frozen, and does not know it, can do no harm.
//
//   node ledger.mjs FILE [PORT]
//   curl -H 'Fencing-Token: 42' --data 'a line' http://127.0.0.1:7070/      200, or 409 if a newer token was here before
//   curl http://127.0.0.1:7070/                                             the lines
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const [file, port = "7070"] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: ledger.mjs FILE [PORT]");
  process.exit(2);
}

// Each line begins with its token, so what has been seen survives a crash together with what was written.
const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
let newest = 0n;
for (const line of lines) {
  const token = BigInt(/^\d+/.exec(line)?.[0] ?? 0);
  if (token > newest) newest = token;
}
const ledger = openSync(file, "a");

const server = createServer((request, response) => {
  const answer = (status, text) =>
    response.writeHead(status, { "content-type": "text/plain" }).end(`${text}\n`);
  if (request.method === "GET") return answer(200, readFileSync(file, "utf8"));
  const word = request.headers["fencing-token"] ?? "";
  if (!/^\d{1,19}$/.test(word)) return answer(400, "which token?");
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (part) => {
    text += part;
    if (text.length > 10_000) request.destroy();
  });
  request.on("end", () => {
    // Between this comparison and the write nothing else happens: one process, one thread. A database would do both in one
    // transaction: UPDATE … SET owner = :token WHERE owner <= :token.
    const token = BigInt(word);
    if (token < newest) return answer(409, `token ${token} is older than ${newest}`);
    newest = token;
    writeSync(ledger, `${token} ${text.replaceAll("\n", " ")}\n`);
    fsyncSync(ledger);
    return answer(200, "written");
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
process.once("SIGTERM", () => {
  closeSync(ledger);
  process.exit();
});
