import { describeStore } from "@fleet/registry/contract";
import { makeEtcdHarness } from "../support/etcd-harness.js";

describeStore("etcd", makeEtcdHarness);
