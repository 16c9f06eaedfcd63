#include <nlohmann/json.hpp>

#include "base/os.h"
#include "hwprofiles/json_fields.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

constexpr uint64_t kFileLimitBytes = 64 << 20;

// Which of the two files an error is about.
Error InFile(Error error, const std::string& path) {
  error.message = path + ": " + error.message;
  return error;
}

Result<nlohmann::json> ReadDocument(const std::string& path) {
  return ParseJson(TRY(ReadFile(path, kFileLimitBytes)), path);
}

}  // namespace

Result<Plan> PlanFromFiles(const std::string& machine_path, const std::string& workload_path,
                           const Objective& objective, DeviceUse use) {
  const auto machine = MachineFromJson(TRY(ReadDocument(machine_path)));
  if (!machine.ok()) return InFile(machine.error(), machine_path);
  const auto workload = WorkloadFromJson(TRY(ReadDocument(workload_path)));
  if (!workload.ok()) return InFile(workload.error(), workload_path);
  return Partition(*machine, *workload, objective, use);
}

}  // namespace motley
