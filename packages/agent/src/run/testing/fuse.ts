/** Kills whoever works through it at a certain call: that call and all later ones are never answered. */
export class Fuse {
  #left: number;
  /** Calls so far, each counted twice: before and after it takes effect. */
  used = 0;

  /** @param steps - How many steps go well; a call is two of them, its effect being in between. */
  constructor(steps: number) {
    this.#left = steps;
  }

  get hasBlown(): boolean {
    return this.#left <= 0;
  }

  /** The same port, through the fuse; only what is asked of it and answered with a promise counts. */
  guard<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== "function") return value;
        return (...args: readonly unknown[]) => {
          const call = () => Reflect.apply(value, target, args) as unknown;
          return isAsynchronous(value) ? this.#pass(call) : call();
        };
      },
    });
  }

  async #pass(call: () => unknown): Promise<unknown> {
    await this.#step();
    const result = await call();
    await this.#step();
    return result;
  }

  #step(): Promise<void> {
    if (this.hasBlown) return new Promise(() => {});
    this.used += 1;
    this.#left -= 1;
    return this.hasBlown ? new Promise(() => {}) : Promise.resolve();
  }
}

function isAsynchronous(value: object): boolean {
  return value.constructor.name === "AsyncFunction";
}
