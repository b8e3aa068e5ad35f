export {
  isFrozen,
  isPopulated,
  killGroup,
  pidsBelow,
  pidsIn,
  removeGroup,
  setFrozen,
  signalPid,
  unitsIn,
} from "./cgroup.js";
export { sleep, type UntilOptions, until } from "./clock.js";
export { type CommandOptions, type CommandResult, runCommand, runOrThrow } from "./command.js";
export { findEtcd, isHealthy } from "./etcd.js";
export { fleetdNodeOptions } from "./fleetd-node-options.js";
export { Lab } from "./lab.js";
export { LabError, type LabErrorCode } from "./lab-error.js";
export type {
  EtcdOptions,
  LabStatus,
  MachineOptions,
  MachineStatus,
  OperationOptions,
} from "./lab-options.js";
export { lockName, withLock } from "./lock.js";
export type { PowerCut } from "./machine-power.js";
export type { SystemctlOptions } from "./machine-systemctl.js";
export { attachLab, type LabLocation, listLabs, type OpenLabOptions, openLab } from "./open.js";
export type { MachinePaths } from "./paths.js";
export { chooseWay, type HostFacts, hostFacts, preflight, type Shortcoming, wayFor } from "./preflight.js";
export { identifyProcess, isAlive, kernelBootId, type ProcessIdentity } from "./process-identity.js";
export type { DaemonTemplate, Way } from "./state.js";
export { type ProxyDirection, type ProxyMode, TcpProxy, type TcpProxyOptions } from "./tcp-proxy.js";
