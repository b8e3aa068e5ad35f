import { describe, expect, it } from "vitest";
import { createApiHarness } from "./testing/api-harness.js";

const hello = `{"options":[{"section":"Unit","name":"Description","value":"one"}]}`;

describe("v1 in the small", () => {
  it("answers an empty cluster with empty pages", async () => {
    const { ask } = createApiHarness();
    for (const resource of ["units", "state", "machines"]) {
      const answer = await ask("GET", `/fleet/v1/${resource}`);
      expect([resource, answer.status, answer.body]).toEqual([resource, 200, "{}"]);
      expect(answer.headers).toMatchObject({ "content-type": "application/json", server: "fleetd/0.1.0" });
    }
  });

  it("plays the original's transcript of PUTs", async () => {
    const { ask } = createApiHarness();
    const put = (name: string, body: string) => ask("PUT", `/fleet/v1/units/${name}`, body);
    expect((await put("u.service", hello)).status).toBe(201);
    expect((await ask("GET", "/fleet/v1/units/u.service")).body).toBe(
      '{"currentState":"inactive","desiredState":"inactive","name":"u.service","options":[{"name":"Description","section":"Unit","value":"one"}]}',
    );
    expect((await put("u.service", hello)).status).toBe(409);
  });
});
