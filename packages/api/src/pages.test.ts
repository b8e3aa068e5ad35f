import { fc, test } from "@fast-check/vitest";
import { afterEach, describe, expect, it } from "vitest";
import { HttpError } from "./answer.js";
import { cutPage } from "./page.js";
import { encodePageToken, parsePageToken } from "./page-token.js";
import { type ServedApi, serveApi, ways } from "./testing/served-api.js";

let api: ServedApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

describe("page tokens", () => {
  it.each([
    ["ZAABAA==", 100, 1],
    ["ZAACAA==", 100, 2],
    ["ZABMLg==", 100, 11852],
    ["EwBMLg==", 19, 11852],
    ["AgACAA==", 2, 2],
    ["LQAJAA==", 45, 9],
    ["AgABAAcA", 2, 1],
  ])("reads the original's %s", (token, limit, page) => {
    expect(parsePageToken([token], limit)).toEqual({ start: { kind: "page", page }, page });
  });

  it.each([
    [["", ""], "too many values for page token"],
    [[""], "EOF"],
    [["AgAB"], "unexpected EOF"],
    [["xyz"], "illegal base64 data at input byte 0"],
    [["!!!"], "illegal base64 data at input byte 0"],
    [["AgABAA"], "illegal base64 data at input byte 4"],
    [["AwABAA=="], "token limit must be 2"],
    [["AgAAAA=="], "token page must be greater than zero"],
  ])("refuses %j", (tokens, message) => {
    expect(() => parsePageToken(tokens, 2)).toThrow(new HttpError(400, message));
  });

  it("begins like the original's, for clients that look", () => {
    const token = encodePageToken(100, 2, "hello.service");
    expect(Buffer.from(token, "base64url").subarray(0, 4).toString("base64url")).toBe("ZAACAA");
    expect(parsePageToken([token], 100)).toEqual({ start: { kind: "after", key: "hello.service" }, page: 2 });
  });

  test.prop([fc.string(), fc.integer({ min: 1, max: 65_535 })])(
    "never fails in another way",
    (token, limit) => {
      try {
        parsePageToken([token], limit);
      } catch (error) {
        expect(error).toBeInstanceOf(HttpError);
      }
    },
  );
});

describe("pages", () => {
  test.prop([
    fc.uniqueArray(fc.string({ maxLength: 3 }), { maxLength: 40 }),
    fc.integer({ min: 1, max: 50 }),
  ])("put together are the list, and the last one has no token", (names, limit) => {
    const sorted = names.toSorted((a, b) => (a < b ? -1 : 1));
    const seen: string[] = [];
    let tokens: string[] = [];
    for (let pages = 0; pages <= names.length; pages += 1) {
      const { items, nextPageToken } = cutPage(sorted, (name) => name, tokens, limit);
      expect(items.length).toBeLessThanOrEqual(limit);
      seen.push(...items);
      if (nextPageToken === undefined) break;
      tokens = [nextPageToken];
    }
    expect(seen).toEqual(sorted);
  });

  it("keep their place while entries come and go", () => {
    const cut = (names: readonly string[], token?: string) =>
      cutPage(names, (name) => name, token === undefined ? [] : [token], 2);
    const first = cut(["b", "d", "f"]);
    expect(first.items).toEqual(["b", "d"]);
    expect(cut(["a", "b", "f", "g"], first.nextPageToken).items).toEqual(["f", "g"]);
  });

  it("are empty beyond the end", () => {
    expect(cutPage(["a"], (name) => name, ["AgAJAA=="], 2)).toEqual({ items: [] });
  });
});

describe.each(ways)("lists over %s", (over) => {
  it("are cut by the server's limit, in the order of bytes", async () => {
    api = await serveApi({ tokenLimit: 2, over });
    const names = ["hello@1.service", "hello.service", "hello@.service", "a.service", "hello@10.service"];
    for (const name of names) {
      await api.send(
        "PUT",
        `/fleet/v1/units/${name}`,
        '{"options":[{"section":"A","name":"B","value":"c"}]}',
      );
    }
    const seen: string[] = [];
    let query = "";
    for (;;) {
      const page = JSON.parse((await api.send("GET", `/fleet/v1/units${query}`)).body);
      seen.push(...page.units.map((unit: { name: string }) => unit.name));
      if (page.nextPageToken === undefined) break;
      query = `?nextPageToken=${page.nextPageToken}`;
    }
    expect(seen).toEqual([
      "a.service",
      "hello.service",
      "hello@.service",
      "hello@1.service",
      "hello@10.service",
    ]);
  });

  it.each(["units", "state", "machines"])("of %s refuse bad tokens even without etcd", async (resource) => {
    api = await serveApi({ over });
    api.cluster.setCondition("disconnected");
    const answer = await api.send("GET", `/fleet/v1/${resource}?nextPageToken=EwBMLg==`);
    expect([answer.status, answer.body]).toEqual([
      400,
      '{"error":{"code":400,"message":"token limit must be 100"}}',
    ]);
  });

  const options = '{"options":[{"section":"A","name":"B","value":"c"}]}';

  it.each(["units", "machines"])(
    "of %s have 60 and 43 of 103, and no empty page behind",
    async (resource) => {
      api = await serveApi({ tokenLimit: 60, over });
      for (let index = 0; index < 103; index += 1) {
        api.cluster.addMachine(`m${index}`, "");
        await api.send("PUT", `/fleet/v1/units/u${index}.service`, options);
      }
      const first = JSON.parse((await api.send("GET", `/fleet/v1/${resource}`)).body);
      expect([first[resource].length, first.nextPageToken]).toEqual([60, expect.stringMatching(/^PAAC/)]);
      const path = `/fleet/v1/${resource}?nextPageToken=`;
      const second = JSON.parse((await api.send("GET", path + first.nextPageToken)).body);
      expect([second[resource].length, second.nextPageToken]).toEqual([43, undefined]);
      // The original's token of the second page, and of one beyond the end.
      expect(JSON.parse((await api.send("GET", `${path}PAACAA==`)).body)).toEqual(second);
      expect((await api.send("GET", `${path}PAADAA==`)).body).toBe("{}");
      for (let index = 60; index < 103; index += 1)
        await api.send("DELETE", `/fleet/v1/units/u${index}.service`);
      if (resource !== "units") return;
      expect(JSON.parse((await api.send("GET", "/fleet/v1/units")).body).nextPageToken).toBeUndefined();
    },
  );

  it.each([
    ["nextPageToken=AgABAA==&nextPageToken=AgABAA==", "too many values for page token"],
    ["nextPageToken=", "EOF"],
    ["nextPageToken=AgAB", "unexpected EOF"],
    ["nextPageToken=xyz", "illegal base64 data at input byte 0"],
    ["nextPageToken=!!!", "illegal base64 data at input byte 0"],
    ["nextPageToken=AgABAA", "illegal base64 data at input byte 4"],
    ["nextPageToken=AwABAA==", "token limit must be 2"],
    ["nextPageToken=AgAAAA==", "token page must be greater than zero"],
  ])("refuse ?%s", async (query, message) => {
    api = await serveApi({ tokenLimit: 2, over });
    for (const resource of ["units", "state", "machines"]) {
      const answer = await api.send("GET", `/fleet/v1/${resource}?${query}`);
      expect([answer.status, answer.body]).toEqual([400, `{"error":{"code":400,"message":"${message}"}}`]);
    }
  });

  it.each(["AgABAAcA", "AgABgA==", "AgACAA%3D%3D", "AgABAA==&alt=json&other=1"])(
    "take ?nextPageToken=%s",
    async (token) => {
      api = await serveApi({ tokenLimit: 2, over });
      expect(await api.send("GET", `/fleet/v1/units?nextPageToken=${token}`)).toMatchObject({
        status: 200,
        body: "{}",
      });
    },
  );
});
