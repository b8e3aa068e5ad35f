import type { LocalOutcome } from "./machine-view.js";

/** The signals that end services, by number; the same on all machines that fleet runs on. */
const signals: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  31: "SIGSYS",
};

/** What systemd's words for a result mean where the process's end does not tell already. */
const results: Readonly<Record<string, string>> = {
  timeout: "timed out",
  watchdog: "its watchdog was not fed",
  "oom-kill": "the kernel killed it for lack of memory",
  "start-limit-hit": "started too often in too short a time",
  resources: "systemd lacked what it takes to start it",
  protocol: "it did not do what its Type= asks for",
  "exec-condition": "its ExecCondition= was not met",
};

/** Says how a service ended: its exit status or signal, systemd's result, and how often it was restarted. */
export function outcomeText({ result, end, status, restarts }: LocalOutcome): string {
  const how =
    end === "exited"
      ? `exit status ${status}`
      : end === "killed"
        ? `killed by ${signals[status] ?? `signal ${status}`}`
        : "";
  const isTold =
    result === "" ||
    result === "success" ||
    result === "exit-code" ||
    result === "signal" ||
    result === "core-dump";
  const why = isTold ? "" : (results[result] ?? result);
  const often = restarts === 0 ? "" : `restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
  return [why, how, often].filter((part) => part !== "").join(", ");
}
