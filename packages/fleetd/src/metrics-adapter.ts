import { Counter, Gauge, Registry } from "prom-client";

/** One metric, read when somebody asks for it. */
export interface MetricFamily {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  /** The name of the label, for a metric of several values. */
  readonly label?: string;
  /** A value, or one for each value of the label. */
  readonly read: () => number | Readonly<Record<string, number>>;
}

/** An answer to whoever asks for metrics. */
export interface MetricsBody {
  readonly contentType: string;
  readonly body: string;
}

/** Makes the body of `/metrics`. The only place that knows the library. */
export function createMetrics(families: readonly MetricFamily[]): () => Promise<MetricsBody> {
  const registry = new Registry();
  for (const family of families) register(registry, family);
  return async () => ({ contentType: registry.contentType, body: await registry.metrics() });
}

function register(registry: Registry, { name, kind, help, label, read }: MetricFamily): void {
  const common = { name, help, registers: [registry], labelNames: label === undefined ? [] : [label] };
  const collectInto = (metric: Counter | Gauge): void => {
    metric.reset();
    const value = read();
    if (typeof value === "number") metric.inc(value);
    else if (label !== undefined) {
      for (const [key, item] of Object.entries(value)) metric.inc({ [label]: key }, item);
    }
  };
  if (kind === "counter") {
    const counter: Counter = new Counter({ ...common, collect: () => collectInto(counter) });
  } else {
    const gauge: Gauge = new Gauge({ ...common, collect: () => collectInto(gauge) });
  }
}
