#pragma once
// The quick profile: a model's own layers and head, timed on one device by the worker that would
// serve them. At most 10 seconds of steps; loading the weights comes on top. One thread per device.

#include <functional>
#include <string>

#include "base/result.h"
#include "daemon/pipeline/worker_process.h"
#include "engine/gguf/manifest.h"
#include "engine/model/graph.h"
#include "hwprofiles/profile.h"

namespace motley {

// `progress` 0..1.
Result<StepTimes> MeasureDevice(const std::string& model_path, const Manifest& manifest,
                                const ModelGraph& graph, const DeviceChoice& device,
                                const std::function<void(double)>& progress);

// The way between two workers, through host memory: latency of a frame to a sleeping reader, and
// bytes per second.
Result<LinkProfile> MeasureHostLink();

}  // namespace motley
