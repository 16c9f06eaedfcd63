#pragma once
// What is kept between runs of one model's times on this machine's devices, in the profile store:
// measured step times, and what observed steps have taught since. Without a store everything works,
// only slower. One thread at a time.

#include <memory>
#include <optional>
#include <string>

#include "backends/backend.h"
#include "base/result.h"
#include "hwprofiles/profile.h"
#include "hwprofiles/store.h"
#include "scheduler/cost_model/refine.h"

namespace motley {

class KeptTimes {
 public:
  // `fingerprint`: of the model (model_facts.h); `threads`: of cpu devices, 0: one per core.
  KeptTimes(std::string fingerprint, int threads);

  // Nothing where none are kept, or of another version of Motley's measuring.
  std::optional<StepTimes> Times(const DeviceInfo& device);
  void Keep(const DeviceInfo& device, const StepTimes& times);
  // What steps taught about these times; about others it says nothing.
  Refiner Learnt(const DeviceInfo& device, const StepTimes& times);
  void Keep(const DeviceInfo& device, const StepTimes& times, const Refiner& learnt);

  // Of frames between workers.
  std::optional<LinkProfile> HostLink();
  void Keep(const LinkProfile& link);

 private:
  ProfileKey KeyOf(const DeviceInfo& device, const std::string& what) const;
  nlohmann::json Stored(const ProfileKey& key);
  void Keep(const ProfileKey& key, const nlohmann::json& value);

  const std::string fingerprint_;
  const int threads_;
  const std::unique_ptr<ProfileStore> store_;
};

}  // namespace motley
