import { describeRegistry } from "@fleet/registry/contract";
import { makeEtcdHarness } from "../support/etcd-harness.js";

describeRegistry("etcd", makeEtcdHarness);
