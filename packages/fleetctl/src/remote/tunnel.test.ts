import { once } from "node:events";
import { Duplex } from "node:stream";
import { parseEndpoint, TunnelError } from "@fleet/client";
import { FleetError } from "@fleet/core";
import { expect, it } from "vitest";
import { FakePrograms } from "../testing/fake-programs.js";
import { dialThrough } from "./tunnel.js";

const bastion = { host: "bastion", text: "bastion" };
const settings = { bastion, checksHostKeys: true, knownHostsFile: "", port: 22, timeoutS: 10, username: "" };
const socket = "unix:///run/fleet.sock";
const address = "http://10.0.0.1:80";

/** Every ssh that is to carry a connection ends at once with a status. */
class FailingSsh extends FakePrograms {
  readonly #status: number;
  carried = 0;

  constructor(status: number) {
    super();
    this.#status = status;
  }

  override async connect(_argv?: readonly string[], failure?: (status: number) => Error): Promise<Duplex> {
    if (this.missing.has("ssh")) throw new FleetError("not-found", "cannot run ssh");
    this.carried += 1;
    const stream = new Duplex({ read: () => undefined });
    stream.destroy(failure?.(this.#status));
    return stream;
  }
}

async function failureOf(dialled: Promise<Duplex>): Promise<unknown> {
  try {
    const [error] = await once(await dialled, "error");
    return error;
  } catch (error) {
    return error;
  }
}

it("tells a bastion that cannot be reached from what is behind it", async () => {
  for (const [status, isTunnel] of [
    [255, true],
    [1, false],
    [127, false],
  ] as const) {
    const dial = dialThrough(settings, bastion, new FailingSsh(status));
    const error = await failureOf(dial(parseEndpoint(socket)));
    expect(error).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(`status ${status}`),
    });
    expect(error instanceof TunnelError).toBe(isTunnel);
  }
});

it("asks the bastion itself before a second address, because ssh ends alike for both", async () => {
  for (const [status, carried] of [
    [255, 1],
    [0, 2],
  ] as const) {
    const programs = new FailingSsh(255);
    programs.statuses.set("true", status);
    const dial = dialThrough(settings, bastion, programs);
    expect(await failureOf(dial(parseEndpoint(address)))).not.toBeInstanceOf(TunnelError);
    const second = await failureOf(dial(parseEndpoint(address)));
    expect(second instanceof TunnelError).toBe(status === 255);
    expect(programs.carried).toBe(carried);
    expect(programs.runs).toEqual([expect.arrayContaining(["ssh", "bastion", "true"])]);
  }
});

it("is not tried twice without ssh", async () => {
  const programs = new FailingSsh(0);
  programs.missing.add("ssh");
  const error = await failureOf(dialThrough(settings, bastion, programs)(parseEndpoint(address)));
  expect(error).toBeInstanceOf(TunnelError);
  expect(error).toMatchObject({ code: "not-found", message: "cannot run ssh" });
});
