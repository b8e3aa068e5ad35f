import type { Command } from "../command.js";
import { cat } from "./cat.js";
import { completion } from "./completion.js";
import { cordon, uncordon } from "./cordon.js";
import { destroy } from "./destroy.js";
import { drain } from "./drain.js";
import { explain } from "./explain.js";
import { fdForward } from "./fd-forward.js";
import { help } from "./help.js";
import { journal } from "./journal.js";
import { listMachines } from "./list-machines.js";
import { listUnitFiles } from "./list-unit-files.js";
import { listUnits } from "./list-units.js";
import { load } from "./load.js";
import { machine } from "./machine.js";
import { plan } from "./plan.js";
import { restart } from "./restart.js";
import { ssh } from "./ssh.js";
import { start } from "./start.js";
import { status } from "./status.js";
import { stop } from "./stop.js";
import { submit } from "./submit.js";
import { unload } from "./unload.js";
import { verify } from "./verify.js";
import { version } from "./version.js";

/** Every command, in alphabetical order. */
export const commands: readonly Command[] = [
  cat,
  completion,
  cordon,
  destroy,
  drain,
  explain,
  fdForward,
  help,
  journal,
  listMachines,
  listUnitFiles,
  listUnits,
  load,
  machine,
  plan,
  restart,
  ssh,
  start,
  status,
  stop,
  submit,
  uncordon,
  unload,
  verify,
  version,
];
