import { shellCommand } from "../remote/shell-quote.js";
import type { Programs } from "./programs.js";

/** Programs whose command lines are told before they are run, in a form that can be pasted into a shell. */
export function tracePrograms(programs: Programs, trace: (line: string) => void): Programs {
  return {
    isTerminal: () => programs.isTerminal(),
    run: (argv, options, signal) => {
      trace(shellCommand(argv));
      return programs.run(argv, options, signal);
    },
    read: (argv, bytesMax, signal) => {
      trace(shellCommand(argv));
      return programs.read(argv, bytesMax, signal);
    },
    connect: (argv, failure) => {
      trace(shellCommand(argv));
      return programs.connect(argv, failure);
    },
    joinSocket: (path, signal) => programs.joinSocket(path, signal),
  };
}
