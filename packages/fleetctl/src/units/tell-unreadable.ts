import type { UnitStatusV2 } from "@fleet/client";
import type { CommandContext } from "../command.js";

/** Says that nothing can be done with a unit because nobody knows what its record says. It goes on as it is. */
export function tellUnreadable(
  { stderr }: CommandContext,
  verb: string,
  { name, problem = "its record cannot be read" }: Pick<UnitStatusV2, "name" | "problem">,
): void {
  stderr.write(
    `Unable to ${verb} unit ${name}: ${problem}\n` +
      `Hint: it is left as it is until its record can be read; fleetctl destroy ${name} removes it\n`,
  );
}
