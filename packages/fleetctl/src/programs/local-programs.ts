import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { FleetError } from "@fleet/core";
import { joinSocket } from "./join-socket.js";
import { ProgramStream } from "./program-stream.js";
import type { Programs } from "./programs.js";

/** What to install where a program is missing. */
const packages: Readonly<Record<string, string>> = {
  ssh: "install OpenSSH's client (Debian: apt-get install openssh-client)",
};

/**
 * The real programs. What starts them is loaded only when one is needed, because most commands need none.
 * @param own - Our own environment, which programs inherit.
 */
export function createPrograms(own: Readonly<Record<string, string | undefined>>): Programs {
  return {
    isTerminal: async () => {
      const { isatty } = await import("node:tty");
      return isatty(0) && isatty(1);
    },
    run: async ([program = "", ...args], { environment, readsInput }, signal) => {
      signal.throwIfAborted();
      const { spawn } = await import("node:child_process");
      const child = spawn(program, args, {
        stdio: [readsInput ? "inherit" : "ignore", "inherit", "inherit"],
        env: { ...own, ...environment },
      });
      const ended = endOf(child);
      await started(child, program);
      // A terminal sends Ctrl-C to the program as well; to be asked twice does no harm.
      const stop = (): unknown => child.kill();
      signal.addEventListener("abort", stop, { once: true });
      try {
        return await ended;
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
    read: async ([program = "", ...args], bytesMax, signal) => {
      signal.throwIfAborted();
      const { spawn } = await import("node:child_process");
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], env: { ...own } });
      const ended = endOf(child);
      await started(child, program);
      const chunks: Buffer[] = [];
      let length = 0;
      child.stdout.on("data", (chunk: Buffer) => {
        if (length < bytesMax) chunks.push(chunk.subarray(0, bytesMax - length));
        length += chunk.length;
      });
      const stop = (): void => {
        child.kill();
        // Programs of its own may have it open, and go on for as long as they like.
        child.stdout.destroy();
      };
      signal.addEventListener("abort", stop, { once: true });
      try {
        return { status: await ended, stdout: Buffer.concat(chunks).toString("utf8") };
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
    connect: async ([program = "", ...args], failure) => {
      const { spawn } = await import("node:child_process");
      const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...own } });
      await started(child, program);
      return new ProgramStream(child, endOf(child), failure);
    },
    joinSocket: (path, signal) => joinSocket(path, { input: process.stdin, output: process.stdout }, signal),
  };
}

function started(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "ENOENT" ? "there is no such program" : cause.message;
      const hint = packages[program];
      reject(
        new FleetError("not-found", `cannot run ${program}: ${why}`, {
          cause,
          ...(hint === undefined ? {} : { hint }),
        }),
      );
    });
  });
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.once("close", (code, signal) => resolve(statusOf(code, signal))));
}

/** As shells count: a signal is 128 and its number. */
function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
