import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { until } from "@fleet/lab";
import { type Account, makeKey } from "./account.js";
import { checkout } from "./fleet.js";

/** An sshd of a test, on loopback, run by an ordinary user, who is the only one it can let in. */
export interface TestSshd {
  readonly port: number;
  /** Its host key, as a line of known_hosts has it. */
  readonly hostKey: string;
  /** How often somebody has logged in so far. */
  logins(): number;
  /** What it has said. */
  log(): string;
}

/** What to run it with. */
export interface TestSshdOptions {
  /** Another one for each sshd of an account. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** The file of keys that let somebody in. */
  readonly authorizedKeys: string;
  /** The PATH that commands get. */
  readonly path: string;
}

/** Starts an sshd. It ends with the account. */
export async function startSshd(account: Account, options: TestSshdOptions): Promise<TestSshd> {
  const { libraries, program } = installSshd(account);
  const { addresses, authorizedKeys, name, path } = options;
  const hostKey = makeKey(account, `${name}-host-key`);
  const port = await freePort(addresses);
  const configuration = [
    `Port ${port}`,
    ...addresses.map((address) => `ListenAddress ${address}`),
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorizedKeys}`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    `SetEnv PATH=${path}`,
    "LogLevel VERBOSE",
    ...partsOf(program).map(([option, path]) => `${option} ${path}`),
    "",
  ];
  const file = account.write(`${name}.conf`, configuration.join("\n"));
  const environment = libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries };
  const daemon = account.start([program, "-D", "-e", "-f", file], { environment });
  let log = "";
  daemon.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const count = (pattern: RegExp): number => log.match(pattern)?.length ?? 0;
  await until("sshd to listen", { timeoutMs: 20_000 }, async () => {
    if (daemon.exitCode !== null) throw new Error(`sshd has ended:\n${log}`);
    return count(/^Server listening on /gm) === addresses.length;
  });
  const publicKey = execFileSync("ssh-keygen", ["-y", "-f", hostKey], { encoding: "utf8" });
  return {
    port,
    hostKey: publicKey.split(" ").slice(0, 2).join(" ").trim(),
    logins: () => count(/^Accepted publickey for /gm),
    log: () => log,
  };
}

/**
 * Puts an sshd where the account can run it.
 * @throws if there is none and none can be had; setup then says what to do.
 */
function installSshd(account: Account): { readonly program: string; readonly libraries: string | undefined } {
  const answer = execFileSync(process.execPath, [`${checkout}/scripts/setup.mjs`, "--sshd"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { libraries, path } = JSON.parse(answer) as { readonly libraries: string; readonly path: string };
  if (libraries === "") return { program: path, libraries: undefined };
  // It was unpacked for whoever runs the tests, into a place that others may not read.
  const folder = account.directory;
  if (existsSync(join(folder, "sshd"))) return { program: join(folder, "sshd"), libraries: folder };
  copyFileSync(path, join(folder, "sshd"));
  for (const directory of libraries.split(":")) {
    for (const name of readdirSync(directory).filter((file) => file.includes(".so"))) {
      copyFileSync(join(directory, name), join(folder, name));
    }
  }
  for (const [, part] of partsOf(join(dirname(path), "../lib/openssh/sshd"))) {
    copyFileSync(part, join(folder, basename(part)));
  }
  return { program: join(folder, "sshd"), libraries: folder };
}

/** From OpenSSH 9.8 on, parts of sshd are programs of their own: those that stand beside it, and the options that say so. */
function partsOf(program: string): readonly (readonly [option: string, path: string])[] {
  const parts = [
    ["SshdSessionPath", join(dirname(program), "sshd-session")],
    ["SshdAuthPath", join(dirname(program), "sshd-auth")],
  ] as const;
  return parts.filter(([, path]) => existsSync(path));
}

/** A port that is free on all of these addresses; another one could only take it in the moment between. */
async function freePort(addresses: readonly string[]): Promise<number> {
  for (;;) {
    const port = await listenOnce(addresses[0] ?? "127.0.0.1", 0);
    const others = await Promise.all(addresses.slice(1).map((address) => listenOnce(address, port)));
    if (port !== 0 && others.every((other) => other !== 0)) return port;
  }
}

/** @returns the port, 0 if it is taken. */
function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(0));
    server.listen({ host, port }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
