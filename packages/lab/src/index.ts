export { sleep, type UntilOptions, until } from "./clock.js";
export type { CommandResult } from "./command.js";
export { findEtcd, isHealthy } from "./etcd.js";
export { Lab } from "./lab.js";
export { LabError, type LabErrorCode } from "./lab-error.js";
export type {
  EtcdOptions,
  LabStatus,
  MachineOptions,
  MachineStatus,
  OperationOptions,
} from "./lab-options.js";
export type { PowerCut } from "./machine-power.js";
export type { SystemctlOptions } from "./machine-systemctl.js";
export { attachLab, type LabLocation, listLabs, type OpenLabOptions, openLab } from "./open.js";
export type { MachinePaths } from "./paths.js";
export { chooseWay, type HostFacts, hostFacts, preflight, type Shortcoming, wayFor } from "./preflight.js";
export type { DaemonTemplate, Way } from "./state.js";
export { type ProxyDirection, type ProxyMode, TcpProxy, type TcpProxyOptions } from "./tcp-proxy.js";
