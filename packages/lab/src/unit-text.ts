import type { DaemonTemplate } from "./state.js";

/** The name of the daemon under test in every machine's manager. */
export const daemonUnitName = "fleetd.service";

/**
 * One word of a unit's command line, so that systemd hands it on exactly as it is:
 * no specifier, no variable, no escape is left for it to interpret.
 */
export function execWord(text: string): string {
  return assignmentWord(text).replaceAll("$", "$$$$");
}

/** One `KEY=value` word of `Environment=`, where systemd knows specifiers and escapes but no variables. */
export function assignmentWord(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("%", "%%");
  return `"${escaped}"`;
}

/** Files that the daemon's unit refers to. */
export interface DaemonUnitFiles {
  readonly offFile: string;
  readonly environmentFile: string;
  readonly log: string;
}

/** The daemon's unit file: started at boot, and again whenever it ends, except while the off file exists. */
export function daemonUnit(machine: string, daemon: DaemonTemplate, files: DaemonUnitFiles): string {
  const environment = Object.entries(daemon.environment ?? {});
  const lines = [
    "[Unit]",
    `Description=fleet daemon of machine ${machine}`,
    `ConditionPathExists=!${files.offFile}`,
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `ExecStart=${daemon.command.map(execWord).join(" ")}`,
    ...environment.map(([key, value]) => `Environment=${assignmentWord(`${key}=${value}`)}`),
    `EnvironmentFile=-${files.environmentFile}`,
    "Restart=always",
    "RestartSec=100ms",
    `StandardOutput=append:${files.log}`,
    `StandardError=append:${files.log}`,
    ...(daemon.service ?? []),
    "",
    "[Install]",
    "WantedBy=default.target",
  ];
  return `${lines.join("\n")}\n`;
}
