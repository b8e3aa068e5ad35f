// Most machines are lost at once: their units are held, everybody says so, and an operator who knows better moves them.
import { until } from "@fleet/lab";
import { expect, it } from "vitest";
import { fleetctl, rows, useCluster } from "../../support/fleet.js";

// Long enough that nothing moves by itself while the test looks.
const cluster = useCluster("e2erelease", {
  machines: 4,
  ttl: "5s",
  environment: { FLEET_MASS_LOSS_HOLD: "10m" },
});

const text = "[Service]\nExecStart=/bin/sleep infinity\n";

/** Ids of the lost machines whose units are held. */
async function heldMachines(): Promise<readonly string[]> {
  const { stdout } = await cluster().fleetctl(["list-machines", "--all", "--output=json"]);
  const { items } = JSON.parse(stdout) as { items: { id: string; state: string }[] };
  return items.filter(({ state }) => state.split(",").includes("held")).map(({ id }) => id);
}

it("units of machines that were lost together are held until somebody releases one", async () => {
  const [endpoint = ""] = cluster().endpoint.split(",");
  for (const name of ["u1", "u2", "u3", "u4"]) {
    const body = JSON.stringify({ text });
    await fetch(`${endpoint}/fleet/v2/units/${name}.service`, { method: "PUT", body });
  }
  await fleetctl(cluster(), "start", "--timeout=60", "u1", "u2", "u3", "u4");
  const places = rows(
    await fleetctl(cluster(), "list-units", "--no-legend", "--full", "--fields=machine,unit"),
  );
  await Promise.all(["m2", "m3", "m4"].map((name) => cluster().lab.killMachine(name)));
  // The lease that ends first is a single loss, which is acted on at once.
  const [released = "", ...others] = await until("the holds to be told", { timeoutMs: 60_000 }, async () => {
    const held = await heldMachines();
    return held.length >= 2 && held;
  });
  const unit = places.find(([machine]) => machine?.startsWith(released))?.[1] ?? "";
  const told = await cluster().fleetctl(["list-machines"]);
  expect(told.stderr).toMatch(/is away,held: lost together with most machines \(\d of 4\)/);
  // Whoever waits for such a unit is told, too.
  const waiting = await cluster().fleetctl(["restart", "--timeout=7", unit]);
  expect(waiting.stderr).toMatch(/is away, and its units are held there: lost together with most machines/);
  expect(await fleetctl(cluster(), "machine", "release", released)).toMatch(
    /^Released machine .+; its units were held: lost together/,
  );
  await until(`${unit} on the survivor`, { timeoutMs: 30_000 }, async () => {
    return (await cluster().placesOf(unit)).includes("m1");
  });
  expect(await heldMachines()).toEqual(others);
});
