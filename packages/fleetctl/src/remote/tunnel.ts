import type { Duplex } from "node:stream";
import { type Endpoint, TunnelError } from "@fleet/client";
import { FleetError, isFleetError } from "@fleet/core";
import type { Programs } from "../programs/programs.js";
import type { Bastion } from "./bastion.js";
import { sshToBastion, sshTunnel, type TunnelEnd } from "./ssh-command-line.js";
import type { SshSettings } from "./ssh-settings.js";

/** ssh's own status for everything that goes wrong before and beside the remote command. */
const sshFailed = 255;
/** The shell's status for a command that is not there. */
const commandNotFound = 127;

/**
 * Makes what opens connections to endpoints through a bastion: for each connection one ssh, which lives as long as it.
 * A unix socket is reached by `fleetctl fd-forward` over there, an address by ssh itself. What has gone wrong with the
 * bastion is a `TunnelError`, so that it is not tried, and told of, once for each endpoint.
 */
export function dialThrough(
  settings: SshSettings,
  bastion: Bastion,
  programs: Programs,
): (endpoint: Endpoint) => Promise<Duplex> {
  let doubted: FleetError | undefined;
  return async (endpoint) => {
    if (doubted !== undefined) {
      const failure = doubted;
      doubted = undefined;
      if (await isShut(settings, bastion, programs)) throw asTunnelError(failure);
    }
    const end = tunnelEnd(endpoint);
    try {
      return await programs.connect(sshTunnel(settings, bastion, end), (status) => {
        const failure = tunnelFailure(bastion, end, status);
        if (status !== sshFailed) return failure;
        if (end.kind === "socket") return asTunnelError(failure);
        // The address may be what is wrong: ssh ends with the same status. Whoever dials again wants to know.
        doubted = failure;
        return failure;
      });
    } catch (error) {
      // There is no ssh.
      throw isFleetError(error) ? asTunnelError(error) : error;
    }
  };
}

/** Says whether ssh does not even get as far as a command on the bastion. Its words stand there already. */
async function isShut(settings: SshSettings, bastion: Bastion, programs: Programs): Promise<boolean> {
  // Its own limits, and Ctrl-C on the terminal it shares with us, end it.
  const never = new AbortController().signal;
  const { status } = await programs.read(sshToBastion(settings, bastion), 0, never);
  return status === sshFailed;
}

function asTunnelError(error: FleetError): TunnelError {
  const { cause = error, code, hint, message } = error;
  return new TunnelError(code, message, { cause, ...(hint === undefined ? {} : { hint }) });
}

function tunnelEnd({ host = "", port = 0, socketPath }: Endpoint): TunnelEnd {
  return socketPath === undefined ? { kind: "address", host, port } : { kind: "socket", path: socketPath };
}

function tunnelFailure({ text }: Bastion, end: TunnelEnd, status: number): FleetError {
  const message = `the tunnel through ${text} has failed: ssh ended with status ${status}`;
  return new FleetError("unavailable", message, { hint: hintFor(text, end, status) });
}

function hintFor(bastion: string, end: TunnelEnd, status: number): string {
  if (status === commandNotFound && end.kind === "socket") {
    return `fleetctl has to be on the PATH that commands get on ${bastion}: try ssh ${bastion} fleetctl --version`;
  }
  if (status === sshFailed) return `what ssh said of ${bastion} stands above; try ssh ${bastion} true`;
  return `what went wrong on ${bastion} stands above`;
}
