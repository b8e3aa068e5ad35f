import { describe, expect, it } from "vitest";
import { parseEndpoint, parseEndpoints } from "./endpoint.js";

describe("endpoints", () => {
  it.each([
    ["unix:///run/fleet.sock", { scheme: "unix", socketPath: "/run/fleet.sock", prefix: "" }],
    ["file:///run/fleet.sock", { scheme: "unix", socketPath: "/run/fleet.sock", prefix: "" }],
    ["http://127.0.0.1:49153", { scheme: "http", host: "127.0.0.1", port: 49153, prefix: "" }],
    ["http://fleet.example/prefix/", { scheme: "http", host: "fleet.example", port: 80, prefix: "/prefix" }],
    ["https://[::1]:8443", { scheme: "https", host: "::1", port: 8443, prefix: "" }],
    ["HTTPS://fleet.example", { scheme: "https", host: "fleet.example", port: 443, prefix: "" }],
  ])("%s", (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual({ text, ...endpoint });
  });

  it.each([
    ["", "URL scheme undefined"],
    ["/run/fleet.sock", "URL scheme undefined"],
    ["unix://var/run/fleet.sock", 'unable to connect to host "var" with scheme "unix"'],
    ["unix://", '"unix://" names no socket'],
    ["ftp://x", 'unsupported protocol scheme "ftp"'],
    ["http://", 'cannot read endpoint "http://"'],
    ["http://a:99999", 'cannot read endpoint "http://a:99999"'],
  ])("%j is refused", (text, message) => {
    expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code: "invalid-argument", message }));
  });

  it("come in lists", () => {
    expect(parseEndpoints("http://a:1, unix:///b").map(({ text }) => text)).toEqual([
      "http://a:1",
      "unix:///b",
    ]);
    expect(() => parseEndpoints("http://a:1,")).toThrow("URL scheme undefined");
  });
});
