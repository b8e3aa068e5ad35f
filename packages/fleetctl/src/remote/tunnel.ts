import type { Duplex } from "node:stream";
import type { Endpoint } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { Programs } from "../programs/programs.js";
import type { Bastion } from "./bastion.js";
import { sshTunnel, type TunnelEnd } from "./ssh-command-line.js";
import type { SshSettings } from "./ssh-settings.js";

/** ssh's own status for everything that goes wrong before and beside the remote command. */
const sshFailed = 255;
/** The shell's status for a command that is not there. */
const commandNotFound = 127;

/**
 * Makes what opens connections to endpoints through a bastion: for each connection one ssh, which lives as long as it.
 * A unix socket is reached by `fleetctl fd-forward` over there, an address by ssh itself.
 */
export function dialThrough(
  settings: SshSettings,
  bastion: Bastion,
  programs: Programs,
): (endpoint: Endpoint) => Promise<Duplex> {
  return async (endpoint) => {
    const end = tunnelEnd(endpoint);
    return await programs.connect(sshTunnel(settings, bastion, end), (status) =>
      tunnelFailure(bastion, end, status),
    );
  };
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
