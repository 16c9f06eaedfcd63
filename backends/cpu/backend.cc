#include "backends/backend.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "backends/cpu/build_id.h"
#include "backends/cpu/device.h"

namespace motley {
namespace {

std::string LevelNames() {
  std::string names = "auto";
  for (int i = 0; i < kCpuLevels; ++i) names += std::string(", ") + CpuLevelName(CpuLevel(i));
  return names;
}

// Read at every call, so that one process can open devices of several levels.
Result<CpuLevel> LevelFromEnvironment() {
  const char* set = std::getenv("MOTLEY_KERNELS");
  const std::string name = set ? set : "";
  if (name.empty() || name == "auto") return BestCpuLevel();
  const auto level = CpuLevelFromName(name);
  if (!level) {
    return Error::Invalid("MOTLEY_KERNELS",
                          "MOTLEY_KERNELS is \"" + name + "\", it is one of " + LevelNames());
  }
  if (!CpuHasLevel(*level)) {
    return Error::Unsupported("MOTLEY_KERNELS is " + name + ", but this CPU goes up to " +
                              CpuLevelName(BestCpuLevel()))
        .Fix("unset MOTLEY_KERNELS");
  }
  return *level;
}

std::string Hex(size_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016zx", value);
  return text;
}

DeviceInfo InfoOf(const CpuNode& node, size_t number, const std::string& level) {
  const int cpus = CPU_COUNT(&node.cpus);
  DeviceInfo info;
  info.id = "cpu" + std::to_string(number);
  info.kind = info.backend = "cpu";
  info.name = node.model + " (" + std::to_string(cpus) + (cpus == 1 ? " core)" : " cores)");
  info.uuid =
      "cpu-" + Hex(std::hash<std::string>()(node.identity)) + "-" + std::to_string(node.index);
  info.numa_node = node.index;
  info.kernels = level + "-" + BuildId();
  info.memory_bytes = node.memory_bytes;
  info.free_bytes = node.free_bytes;
  info.compute_units = cpus;
  return info;
}

class CpuBackend : public Backend {
 public:
  std::string name() const override { return "cpu"; }

  Result<std::vector<DeviceInfo>> Enumerate() override {
    const auto level = LevelFromEnvironment();
    const auto nodes = ReadCpuNodes("");
    std::vector<DeviceInfo> out;
    for (size_t i = 0; i < nodes.size(); ++i) {
      out.push_back(InfoOf(nodes[i], i, level.ok() ? CpuLevelName(*level) : "none"));
      if (level.ok()) continue;
      out.back().state = "failed";
      out.back().reason = level.error().message;
      out.back().fix = "set MOTLEY_KERNELS to a level this CPU has, or unset it";
    }
    return out;
  }

  Result<std::unique_ptr<Device>> Open(const std::string& id, const OpenOptions& options) override {
    const CpuLevel level = TRY(LevelFromEnvironment());
    if (options.threads < 0) {
      return Error::Invalid("threads", std::to_string(options.threads) + " threads");
    }
    const auto nodes = ReadCpuNodes("");
    for (size_t i = 0; i < nodes.size(); ++i) {
      DeviceInfo info = InfoOf(nodes[i], i, CpuLevelName(level));
      if (info.id != id && info.uuid != id) continue;
      const int threads = ThreadsOf(nodes[i], nodes.size(), options.threads);
      return std::unique_ptr<Device>(
          std::make_unique<CpuDevice>(std::move(info), nodes[i], threads, level));
    }
    return Error::NotFound("no CPU device " + id + "; there are cpu0 to cpu" +
                           std::to_string(nodes.size() - 1));
  }

 private:
  // As many as the node's CPUs at most: threads that spin must not share one.
  static int ThreadsOf(const CpuNode& node, size_t nodes, int wanted) {
    const int cpus = CPU_COUNT(&node.cpus);
    if (wanted > 0) return std::min(wanted, cpus);
    const int quota = CpuQuota("");
    const int share = quota == 0 ? cpus : std::max(1, quota / static_cast<int>(nodes));
    return std::min(share, cpus);
  }
};

}  // namespace
}  // namespace motley

extern "C" [[gnu::visibility("default")]] const motley::BackendEntry motley_backend = {
    motley::kBackendAbi, []() -> motley::Backend* { return new motley::CpuBackend; }};
