#include "daemon/worker/probe.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/os.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kReplyFd = 3;
constexpr size_t kReplyLimit = 1 << 20;

json ToJson(const DeviceInfo& d) {
  return {{"id", d.id},
          {"kind", d.kind},
          {"backend", d.backend},
          {"name", d.name},
          {"pci", d.pci},
          {"uuid", d.uuid},
          {"numa_node", d.numa_node},
          {"driver_name", d.driver_name},
          {"driver_version", d.driver_version},
          {"kernels", d.kernels},
          {"memory_bytes", d.memory_bytes},
          {"free_bytes", d.free_bytes},
          {"compute_units", d.compute_units},
          {"state", d.state},
          {"reason", d.reason},
          {"fix", d.fix}};
}

DeviceInfo FromJson(const json& j) {
  DeviceInfo d;
  d.id = j.value("id", "");
  d.kind = j.value("kind", "");
  d.backend = j.value("backend", "");
  d.name = j.value("name", "");
  d.pci = j.value("pci", "");
  d.uuid = j.value("uuid", "");
  d.numa_node = j.value("numa_node", -1);
  d.driver_name = j.value("driver_name", "");
  d.driver_version = j.value("driver_version", "");
  d.kernels = j.value("kernels", "");
  d.memory_bytes = j.value("memory_bytes", uint64_t{0});
  d.free_bytes = j.value("free_bytes", uint64_t{0});
  d.compute_units = j.value("compute_units", 0);
  d.state = j.value("state", "failed");
  d.reason = j.value("reason", "");
  d.fix = j.value("fix", "");
  return d;
}

Result<std::vector<DeviceInfo>> Enumerate(const std::string& name) {
  const auto backend = TRY(LoadBackend(name));
  return backend->Enumerate();
}

}  // namespace

int RunProbe(const std::string& name) {
  const auto devices = Enumerate(name);
  json reply;
  if (devices.ok()) {
    reply["devices"] = json::array();
    for (const DeviceInfo& d : *devices) reply["devices"].push_back(ToJson(d));
  } else {
    reply["error"] = devices.error().message;
  }
  const std::string text = reply.dump(-1, ' ', false, json::error_handler_t::replace);
  const Fd socket(kReplyFd);
  return SendMessage(socket, std::as_bytes(std::span(text))).ok() ? 0 : 1;
}

Result<std::vector<DeviceInfo>> ProbeBackend(const std::string& name, int timeout_ms) {
  auto [ours, theirs] = TRY(MakeSocketPair());
  Child child = TRY(Spawn({.arguments = {HelperProgram("motley-worker"), "--probe", name},
                           .fds = {{theirs.get(), kReplyFd}},
                           .quiet = true}));
  theirs = Fd();
  const auto message = ReceiveMessage(ours, timeout_ms, kReplyLimit);
  if (!message.ok()) {
    const bool slow = message.error().code == Code::kCancelled;
    const auto status = child.Wait(100);
    return Error::Unavailable(
        "the probe of backend " + name +
        (slow ? " took more than " + std::to_string(timeout_ms) + " ms"
              : " ended with " + (status.ok() ? DescribeWaitStatus(*status) : "no answer")));
  }
  const json reply = json::parse(message->data, nullptr, false);
  if (!reply.is_object())
    return Error::Unavailable("the probe of backend " + name + " answered nonsense");
  if (reply.contains("error")) return Error::Unavailable(reply["error"].get<std::string>());
  std::vector<DeviceInfo> devices;
  for (const json& d : reply["devices"]) devices.push_back(FromJson(d));
  return devices;
}

std::vector<DeviceInfo> ProbeAll(std::vector<std::string> backends, int timeout_ms) {
  if (backends.empty()) {
    backends = ListBackends();
    std::erase(backends, "fake");  // only when asked for: motleyd --simulate
  }
  std::vector<DeviceInfo> all;
  for (const std::string& name : backends) {
    auto devices = ProbeBackend(name, timeout_ms);
    if (!devices.ok()) {
      DeviceInfo failed;
      failed.id = name;
      failed.kind = "other";
      failed.backend = name;
      failed.name = "backend " + name;
      failed.state = "failed";
      failed.reason = devices.error().message;
      all.push_back(std::move(failed));
      continue;
    }
    all.insert(all.end(), devices->begin(), devices->end());
  }
  return all;
}

}  // namespace motley
