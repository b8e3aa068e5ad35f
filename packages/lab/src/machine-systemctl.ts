import { type CommandResult, runCommand, standardPath } from "./command.js";
import type { LabContext } from "./context.js";
import { LabError } from "./lab-error.js";

/** How to call a machine's manager. */
export interface SystemctlOptions {
  readonly signal?: AbortSignal | undefined;
  /** A frozen machine never answers; default 20 s. */
  readonly timeoutMs?: number | undefined;
}

const timeoutMsDefault = 20_000;

/** The environment in which `systemctl --user`, `busctl --user` and their like speak to this machine. */
export function clientEnvironment(context: LabContext, name: string): Record<string, string> {
  const { runtime, home, busSocket } = context.paths(name);
  return {
    PATH: standardPath,
    LC_ALL: "C.UTF-8",
    HOME: home,
    SYSTEMD_PAGER: "",
    SYSTEMD_COLORS: "0",
    XDG_RUNTIME_DIR: runtime,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${busSocket}`,
  };
}

/** Runs `systemctl --user ARGS` against a machine. A status other than 0 is a result, as `is-active` needs. */
export async function systemctl(
  context: LabContext,
  name: string,
  args: readonly string[],
  options: SystemctlOptions = {},
): Promise<CommandResult> {
  return await runCommand(["systemctl", "--user", "--no-pager", ...args], {
    environment: clientEnvironment(context, name),
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    signal: options.signal,
  });
}

/**
 * As `systemctl`, for what must succeed.
 * @throws {LabError} `failed` with systemctl's own words.
 */
export async function systemctlOrThrow(
  context: LabContext,
  name: string,
  args: readonly string[],
  options: SystemctlOptions = {},
): Promise<string> {
  const result = await systemctl(context, name, args, options);
  if (result.code === 0) return result.stdout;
  throw new LabError("failed", `systemctl ${args.join(" ")} on machine "${name}": ${result.stderr.trim()}`);
}

/** The InvocationID of each loaded unit that matches and has one: another one after each start. */
export async function invocationIds(
  context: LabContext,
  name: string,
  pattern: string,
  options: SystemctlOptions,
): Promise<Map<string, string>> {
  const text = await systemctlOrThrow(
    context,
    name,
    ["show", "-p", "Id", "-p", "InvocationID", "--", pattern],
    options,
  );
  return parseInvocationIds(text);
}

/** Reads what `systemctl show -p Id -p InvocationID` prints: one paragraph a unit, properties in any order. */
export function parseInvocationIds(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const paragraph of text.split("\n\n")) {
    const id = /^Id=(.+)$/m.exec(paragraph)?.[1];
    const invocation = /^InvocationID=(.+)$/m.exec(paragraph)?.[1];
    if (id !== undefined && invocation !== undefined) found.set(id, invocation);
  }
  return found;
}
