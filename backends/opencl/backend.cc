#include <cstdlib>
#include <string_view>

#include "backends/opencl/device.h"
#include "backends/opencl/opencl.h"

namespace motley {
namespace {

using opencl::Arithmetic;
using opencl::Flavour;
using opencl::Found;
using opencl::KernelClass;

Result<Flavour> FlavourOf(const Found& found) {
  Flavour flavour{found.kernels};
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (variable("MOTLEY_KERNELS") == "ref") flavour.arithmetic = Arithmetic::kFloat;
  const std::string kernels = variable("MOTLEY_OPENCL_KERNELS");
  if (kernels == "item") flavour.kernels = KernelClass::kItem;
  if (kernels == "group") flavour.kernels = KernelClass::kGroup;
  if (!kernels.empty() && kernels != "item" && kernels != "group") {
    return Error::Invalid("MOTLEY_OPENCL_KERNELS",
                          "MOTLEY_OPENCL_KERNELS is \"" + kernels + "\", it is item or group");
  }
  return flavour;
}

class OpenClBackend : public Backend {
 public:
  std::string name() const override { return "opencl"; }

  Result<std::vector<DeviceInfo>> Enumerate() override {
    std::vector<DeviceInfo> out;
    for (Found& found : Find(0)) {
      if (const auto flavour = FlavourOf(found); flavour.ok()) {
        found.info.kernels = opencl::BuildId(*flavour);
      } else if (found.info.state == "ready") {
        found.info.state = "failed";
        found.info.reason = flavour.error().message;
        found.info.fix = "unset MOTLEY_OPENCL_KERNELS";
      }
      out.push_back(std::move(found.info));
    }
    return out;
  }

  Result<std::unique_ptr<Device>> Open(const std::string& id, const OpenOptions& options) override {
    const opencl::Api* api = TRY(opencl::LoadApi(options.threads));
    const std::vector<Found> all = opencl::FindDevices(*api);
    for (Found found : all) {
      if (found.info.id != id && found.info.uuid != id) continue;
      if (found.info.state != "ready") {
        return Error::Unavailable(id + " cannot be used: " + found.info.reason).Fix(found.info.fix);
      }
      const Flavour flavour = TRY(FlavourOf(found));
      found.info.kernels = opencl::BuildId(flavour);
      return std::unique_ptr<Device>(TRY(opencl::ClDevice::Open(*api, found, flavour)));
    }
    return Error::NotFound("no OpenCL device " + id + " among " + std::to_string(all.size()));
  }

 private:
  static std::vector<Found> Find(int threads) {
    const auto api = opencl::LoadApi(threads);
    if (!api.ok()) return {};
    return opencl::FindDevices(**api);
  }
};

}  // namespace

std::unique_ptr<Backend> MakeOpenClBackend() { return std::make_unique<OpenClBackend>(); }

}  // namespace motley
