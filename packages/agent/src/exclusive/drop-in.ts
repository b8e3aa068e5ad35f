import { exclusivePhaseMs, isFleetError, parseUnitFile, type UnitName, type UnitOption } from "@fleet/core";

/** The guard's own unit. */
export const guardUnitName = "fleet-guard.service" as UnitName;

/** The file in a unit's drop-in directory. Its number leaves room before it and after it for the machine's own. */
export const dropInName = "50-fleet-exclusive.conf";

/** Words of systemd for the time limit of a stop, by type of unit; other types have no processes of their own. */
const limits: Readonly<Record<string, readonly string[]>> = {
  Service: ["TimeoutStopSec", "TimeoutAbortSec"],
  Socket: ["TimeoutSec"],
  Mount: ["TimeoutSec"],
  Swap: ["TimeoutSec"],
};

/** What the drop-in of one unit is made of. */
export interface DropInParts {
  readonly unit: UnitName;
  readonly text: string;
  readonly stopMaxMs: number;
  /** The file with the unit's token, as systemd is to read it. */
  readonly environmentFile: string;
}

/** What systemd has to know of an exclusive unit: it ends with its guard, and every phase of its stop has a limit. */
export function dropInText({ unit, text, stopMaxMs, environmentFile }: DropInParts): string {
  const type = unit.slice(unit.lastIndexOf(".") + 1);
  const section = type.charAt(0).toUpperCase() + type.slice(1);
  const words = limits[section];
  const lines = [
    "# Written by fleet for Exclusive=true, and removed with the unit.",
    "[Unit]",
    `BindsTo=${guardUnitName}`,
    `After=${guardUnitName}`,
    // The guard asks for the stop as anybody else does.
    "RefuseManualStop=no",
  ];
  if (words !== undefined) {
    const phaseMs = exclusivePhaseMs(stopMaxMs, optionsOf(text));
    lines.push(`[${section}]`, ...words.map((word) => `${word}=${phaseMs}ms`));
    lines.push("KillMode=control-group", "SendSIGKILL=yes", `EnvironmentFile=${environmentFile}`);
  }
  return `${lines.join("\n")}\n`;
}

function optionsOf(text: string): readonly UnitOption[] {
  try {
    return parseUnitFile(text);
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return [];
  }
}

/** The unit of the guard. */
export function guardUnitText(command: readonly string[], isRoot: boolean): string {
  return [
    "# Written by fleet when the first exclusive unit came.",
    "[Unit]",
    "Description=fleet: stops exclusive units when the cluster has lost this machine",
    "StartLimitIntervalSec=0",
    "[Service]",
    "Type=exec",
    `ExecStart=${command.map(execWord).join(" ")}`,
    "Restart=always",
    "RestartSec=100ms",
    "TimeoutStopSec=2s",
    // It must get its turn, and its memory, when the machine has too little of either. Only root may ask for that.
    ...(isRoot ? ["Nice=-10", "OOMScoreAdjust=-900"] : []),
    "",
  ].join("\n");
}

/** One word of a command line, so that systemd hands it on exactly as it is. */
function execWord(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return `"${escaped}"`;
}
