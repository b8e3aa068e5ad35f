import {
  contentId,
  hasInstallSection,
  isFleetError,
  parseRequirements,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import type { LocalFile } from "../plan/machine-view.js";
import { unitOrder } from "./unit-order.js";

/**
 * Reads what the planner has to know of a unit's text. systemd may accept a text that breaks our grammar: it then has an
 * identity and nothing else.
 */
export function localFileOf(name: UnitName, text: string): LocalFile {
  try {
    const content = unitContentFromText(text);
    const requirements = parseRequirements(content.options, name);
    return {
      contentId: content.contentId,
      hash: content.hash,
      conflicts: requirements.conflicts,
      hasInstall: hasInstallSection(content.options),
      after: unitOrder(content.options, "After", name),
      before: unitOrder(content.options, "Before", name),
      isOfflineStart: requirements.offlineStart && !requirements.exclusive,
      isExclusive: requirements.exclusive,
    };
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return { contentId: contentId(text), hash: "", conflicts: [], hasInstall: false, isOfflineStart: false };
  }
}
