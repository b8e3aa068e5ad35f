import type { Command } from "../command.js";
import { cat } from "./cat.js";
import { destroy } from "./destroy.js";
import { help } from "./help.js";
import { listMachines } from "./list-machines.js";
import { listUnitFiles } from "./list-unit-files.js";
import { listUnits } from "./list-units.js";
import { load } from "./load.js";
import { start } from "./start.js";
import { stop } from "./stop.js";
import { submit } from "./submit.js";
import { unload } from "./unload.js";
import { version } from "./version.js";

/** Every command, in alphabetical order. */
export const commands: readonly Command[] = [
  cat,
  destroy,
  help,
  listMachines,
  listUnitFiles,
  listUnits,
  load,
  start,
  stop,
  submit,
  unload,
  version,
];
