import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { describe, it } from "@jest/globals";
import { describeSegmentationModel } from "./segmentation-model.js";

describeSegmentationModel("bundled", () => openBlackBox("bundled"));

// A meter in between must not change the contract.
describeSegmentationModel("bundled, metered", async () => {
  const meter = new QueryMeter(Number.POSITIVE_INFINITY, systemClock);
  return new MeteredModel(await openBlackBox("bundled"), meter, "report");
});

const other = fileURLToPath(new URL("../../../shared/models/general-seg-128.onnx", import.meta.url));
if (existsSync(other)) describeSegmentationModel("onnx:FILE", () => openBlackBox(`onnx:${other}`));
else {
  console.warn(
    "skipped: no ../shared/models/general-seg-128.onnx beside the repository, so no second model is held to it",
  );
  describe("black box onnx:FILE", () => {
    it.skip("no ../shared/models/general-seg-128.onnx beside the repository", () => {});
  });
}
