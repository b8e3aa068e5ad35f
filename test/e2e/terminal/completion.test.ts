// Completion as people have it: bash, zsh and fish in a terminal, set up as docs/fleetctl.md says, at a cluster that is real.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkout, fleetctl, useCluster } from "../../support/fleet.js";
import { installTerminals, Terminal } from "../../support/terminal.js";

const cluster = useCluster("e2ecompletion", { machines: 2 });
const prompt = "ready>";
const unit = "[Service]\nExecStart=/bin/sleep 100000\n";
const global = `${unit}[X-Fleet]\nGlobal=true\n`;
const units = {
  "glob.service": global,
  "hello.service": unit,
  "idle.service": unit,
  "db.main.1.service": unit,
  "odd\\x2dname.service": unit,
  "web@.service": unit,
};

beforeAll(async () => {
  installTerminals();
  const directory = cluster().lab.dataDirectory;
  for (const [name, text] of Object.entries(units)) writeFileSync(join(directory, name), text);
  const files = (...names: readonly string[]) => names.map((name) => join(directory, name));
  await fleetctl(cluster(), "submit", ...files("idle.service", "web@.service"));
  await fleetctl(
    cluster(),
    "start",
    ...files("glob.service", "hello.service", "db.main.1.service", "odd\\x2dname.service", "web@1", "web@2"),
  );
}, 240_000);

interface ShellSetup {
  readonly command: readonly string[];
  /** Sets completion up in the home, as the documents say. */
  furnish(home: string): void;
  readonly environment?: Readonly<Record<string, string>>;
  /** What is pressed for a list of what there is. */
  readonly listKeys: readonly string[];
  /** Whether the list is a menu to choose from. */
  readonly hasMenu: boolean;
}

function write(home: string, name: string, text: string): void {
  mkdirSync(join(home, name, ".."), { recursive: true });
  writeFileSync(join(home, name), text);
}

function scriptFor(shell: string): string {
  return execFileSync(`${checkout}/bin/fleetctl`, ["completion", shell], { encoding: "utf8" });
}

const zshrc = [
  `PS1='${prompt} '`,
  "unsetopt PROMPT_SP",
  "bindkey -e",
  "autoload -Uz compinit && compinit -u",
  "zstyle ':completion:*' menu select",
  "",
].join("\n");

function zsh(furnish: (home: string) => void): ShellSetup {
  return {
    command: ["zsh", "-i"],
    furnish: (home) => {
      write(home, ".zshenv", "skip_global_compinit=1\n");
      furnish(home);
    },
    listKeys: ["Tab"],
    hasMenu: true,
  };
}

const setups: Readonly<Record<string, ShellSetup>> = {
  bash: {
    command: ["bash", "-i"],
    furnish: (home) =>
      write(home, ".bashrc", `PS1='${prompt} '\nHISTFILE=\nsource <(fleetctl completion bash)\n`),
    listKeys: ["Tab", "Tab"],
    hasMenu: false,
  },
  zsh: zsh((home) => write(home, ".zshrc", `${zshrc}source <(fleetctl completion zsh)\n`)),
  "zsh with a directory of functions": zsh((home) => {
    write(home, ".zshrc", `fpath=(~/functions $fpath)\n${zshrc}`);
    write(home, "functions/_fleetctl", scriptFor("zsh"));
  }),
  fish: {
    command: ["fish", "-i"],
    furnish: (home) => {
      const lines = [
        "set -g fish_greeting",
        "set -g fish_autosuggestion_enabled 0",
        `function fish_prompt; echo -n '${prompt} '; end`,
      ];
      write(home, ".config/fish/config.fish", `${lines.join("\n")}\n`);
      write(home, ".config/fish/completions/fleetctl.fish", scriptFor("fish"));
    },
    listKeys: ["Tab"],
    hasMenu: true,
  },
};

describe.each(Object.entries(setups))("%s", (_shell, { command, furnish, hasMenu, listKeys }) => {
  let terminal: Terminal;
  beforeAll(async () => {
    terminal = await Terminal.open(
      { command, environment: { FLEETCTL_ENDPOINT: cluster().endpoint } },
      (home) => {
        furnish(home);
        for (const [name, text] of Object.entries(units)) write(home, `units/${name}`, text);
        write(home, "my units/apple.service", unit);
      },
    );
    await terminal.seesLine(prompt);
  });
  afterAll(async () => await terminal?.close());
  beforeEach(async () => {
    await terminal.press("C-e", "C-u");
    await terminal.seesLine(prompt);
    await terminal.press("C-l");
    await terminal.sees("an empty screen", (screen) => screen === prompt);
  });

  /** Presses keys as people do: again, if nothing comes, because a cluster that does not answer within a second has no offers. */
  const press = async <T>(keys: readonly string[], look: (timeoutMs: number) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      await terminal.press(...keys);
      try {
        return await look(5_000);
      } catch (error) {
        if (attempt === 6) throw error;
      }
    }
  };
  const completes = async (typed: string, expected: string) => {
    await terminal.type(typed);
    await press(["Tab"], (timeoutMs) => terminal.seesLine(`${prompt} ${expected}`, timeoutMs));
  };
  const lists = async (typed: string, all: readonly string[]) => {
    await terminal.type(typed);
    const words = (screen: string) => screen.split("\n").slice(1).join("\n").split(/\s+/);
    const isListed = (screen: string) => all.every((word) => words(screen).includes(word));
    return words(await press(listKeys, (timeoutMs) => terminal.sees(all.join(", "), isListed, timeoutMs)));
  };

  it.each([
    ["fleetctl unl", "fleetctl unload"],
    ["fleetctl list-m", "fleetctl list-machines"],
    ["fleetctl help res", "fleetctl help restart"],
    ["fleetctl start --repl", "fleetctl start --replace"],
    ["fleetctl --known", "fleetctl --known-hosts-file"],
    ["fleetctl list-units --output j", "fleetctl list-units --output json"],
    ["fleetctl list-units --output=ya", "fleetctl list-units --output=yaml"],
    ["fleetctl list-units --fields=unit,ac", "fleetctl list-units --fields=unit,active"],
    ["fleetctl completion z", "fleetctl completion zsh"],
    ["fleetctl machine acc", "fleetctl machine accept"],
  ])("completes what fleetctl knows: %s", completes);

  it.each([
    ["fleetctl unload hel", "fleetctl unload hello.service"],
    ["fleetctl cat id", "fleetctl cat idle.service"],
    ["fleetctl explain id", "fleetctl explain idle.service"],
    ["fleetctl cat web@1", "fleetctl cat web@1.service"],
    ["fleetctl stop hello.service web@2.s", "fleetctl stop hello.service web@2.service"],
    ["fleetctl stop web@", "fleetctl stop web@"],
    ["fleetctl cat db.m", "fleetctl cat db.main.1.service"],
    ["fleetctl ssh --unit=glo", "fleetctl ssh --unit=glob.service"],
    ["fleetctl list-units --filter unit=hel", "fleetctl list-units --filter unit=hello.service"],
    ["fleetctl list-units --filter=unit=web@2", "fleetctl list-units --filter=unit=web@2.service"],
    [
      "fleetctl list-units --filter active=active,unit=gl",
      "fleetctl list-units --filter active=active,unit=glob.service",
    ],
  ])("completes names of the cluster: %s", completes);

  it("completes the ids of machines", async () => {
    for (const { machineId } of cluster().machines) {
      const typed = `fleetctl ssh --machine ${machineId.slice(0, 6)}`;
      await completes(typed, `fleetctl ssh --machine ${machineId}`);
      await terminal.press("C-e", "C-u");
      await completes(`fleetctl ssh ${machineId.slice(0, 6)}`, `fleetctl ssh ${machineId}`);
      await terminal.press("C-e", "C-u");
      for (const command of ["fleetctl machine forget ", "fleetctl cordon ", "fleetctl stop glob@@"]) {
        await completes(`${command}${machineId.slice(0, 6)}`, `${command}${machineId}`);
        await terminal.press("C-e", "C-u");
      }
      const filter = "fleetctl list-units --filter machine=";
      await completes(`${filter}${machineId.slice(0, 6)}`, `${filter}${machineId}`);
      await terminal.press("C-e", "C-u");
    }
  });

  it.each([
    ["fleetctl start uni", "fleetctl start units/"],
    ["fleetctl start units/id", "fleetctl start units/idle.service"],
    ["fleetctl start ~/units/id", "fleetctl start ~/units/idle.service"],
    ["fleetctl --ca-file uni", "fleetctl --ca-file units/"],
    ["fleetctl --ca-file=units/id", "fleetctl --ca-file=units/idle.service"],
  ])("completes files where files are expected: %s", completes);

  it.each([
    ["signs that mean something to shells", "fleetctl cat od", "ExecStart=/bin/sleep 100000"],
    ["an open quotation", "fleetctl cat 'db.m", "ExecStart=/bin/sleep 100000"],
    [
      "an operator",
      "fleetctl list-units --no-legend --fields=unit --filter unit!=glob.service,unit=hel",
      "hello.service",
    ],
  ])("makes words that the shell understands of %s", async (_what, typed, expected) => {
    await terminal.type(typed);
    await press(["Tab"], (timeoutMs) =>
      terminal.sees("the whole name", (screen) => /\.service'?$/.test(screen), timeoutMs),
    );
    await terminal.press("Enter");
    await terminal.sees(expected, (screen) => screen.split("\n").slice(1).includes(expected));
  });

  it("goes on into directories, also those with a blank in their names", async () => {
    await terminal.type("fleetctl submit my");
    await terminal.press("Tab");
    await terminal.sees("the directory", (screen) => screen.endsWith("units/"));
    await terminal.press("Tab");
    await terminal.sees("the file", (screen) => screen.endsWith("apple.service"));
    await terminal.press("Enter");
    await terminal.sees("what it did", (screen) =>
      screen.includes(`\nUnit apple.service inactive\n${prompt}`),
    );
    await fleetctl(cluster(), "destroy", "apple.service");
  });

  it("lists what there is", async () => {
    await lists("fleetctl unload web@", ["web@.service", "web@1.service", "web@2.service"]);
  });

  if (hasMenu)
    it("lets one choose from a menu", async () => {
      await terminal.type("fleetctl unload web@");
      await press(["Tab"], (timeoutMs) =>
        terminal.sees("the menu", (screen) => screen.includes("web@2.service"), timeoutMs),
      );
      await terminal.press("Tab");
      await terminal.seesLine(`${prompt} fleetctl unload web@.service`);
      await terminal.press("Tab");
      await terminal.sees("the next one", (screen) => /unload web@[12]\.service\n/.test(screen));
      await terminal.press("C-c");
    });

  it("lists only what fits", async () => {
    const words = await lists("fleetctl stop ", ["hello.service", "web@1.service", "glob.service"]);
    expect(words).not.toContain("idle.service");
  });

  it("says nothing about a cluster that does not answer", async () => {
    const before = "fleetctl --endpoint unix:///nonexistent.sock stop hel";
    await terminal.type(before);
    await terminal.press("Tab");
    await terminal.type("lo");
    await terminal.seesLine(`${prompt} ${before}lo`);
    expect(await terminal.screen()).toBe(`${prompt} ${before}lo`);
  });
});
