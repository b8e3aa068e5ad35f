// Plays many seeds in several processes at once.
import { fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const worker = join(dirname(fileURLToPath(import.meta.url)), "sim-worker.mjs");

/** Seeds are handed out in portions: small enough that all processes end together. */
const portion = 20;

/**
 * A process plays so many portions, and another one goes on, so that nothing a world may leave behind ever adds up. A new
 * process is slow for its first dozens of worlds, until their code has been compiled.
 */
const portionsMax = 100;

/** What a seed came to if its process died with it. */
const died = { virtualMs: 0, events: 0, faults: {}, digest: "died" };

/**
 * Plays seeds, and hands over each outcome as it comes: not in the order of the seeds.
 * @param onOutcome - Returns `false` to begin no more.
 * @throws the signal's reason, when all processes have ended.
 */
export async function playSeeds({ bundle, seeds, config, jobs, signal }, onOutcome) {
  const left = [...seeds];
  let goesOn = true;
  const live = () =>
    new Promise((resolve, reject) => {
      let portions = 0;
      // There is a process for each processor: helpers of the engine's would only be in the others' way.
      const execArgv = ["--v8-pool-size=1"];
      const child = fork(worker, [bundle], { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
      const stop = () => {
        goesOn = false;
        child.kill("SIGKILL");
      };
      signal?.addEventListener("abort", stop, { once: true });
      let waiting = [];
      const next = () => {
        waiting = goesOn && portions < portionsMax ? left.splice(0, portion) : [];
        portions += 1;
        if (waiting.length === 0) child.disconnect();
        else child.send({ seeds: waiting, config });
      };
      child.on("message", (message) => {
        if (message === "ready" || message === "done") return next();
        waiting = waiting.filter((seed) => seed !== message.seed);
        if (onOutcome(message) === false) goesOn = false;
      });
      child.on("error", reject);
      child.on("exit", (code) => {
        signal?.removeEventListener("abort", stop);
        if (waiting.length === 0 || !goesOn) return resolve();
        const what = `the process that played it ended with ${code}`;
        onOutcome({ ...died, seed: waiting[0], violation: { invariant: "no-bugs", atMs: 0, what } });
        reject(new Error(`a worker ended with ${code} while it played seed ${waiting[0]}`));
      });
    });
  const work = async () => {
    while (goesOn && left.length > 0) await live();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, Math.ceil(left.length / portion)) }, work));
  signal?.throwIfAborted();
}
