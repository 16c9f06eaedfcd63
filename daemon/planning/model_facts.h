#pragma once
// What planning needs to know of a model: its workload (motley.workload/1) and a fingerprint under
// which measured times hold. Pure functions.

#include <string>

#include "engine/gguf/manifest.h"
#include "engine/model/graph.h"
#include "scheduler/workload.h"

namespace motley {

// KV in F16, `context_tokens` of it for one sequence.
Workload MakeWorkload(const Manifest& manifest, const ModelGraph& graph, int context_tokens);

// Same text, same times: architecture, sizes and tensor types, in words and numbers.
std::string Fingerprint(const Manifest& manifest, const ModelGraph& graph);

}  // namespace motley
