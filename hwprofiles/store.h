#pragma once
// What was measured of this machine's devices, kept between runs: one SQLite file (WAL) in the
// state folder, shared by every Motley process of the user. Owned by whoever opened it; one thread
// at a time per object, any number of processes. A damaged file is moved aside with a warning and
// measured again: it is a cache, never the only copy. Errors: Unavailable (folder not writable,
// file locked for 5 s), Unsupported (written by a newer Motley).

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"

namespace motley {

// A measurement is worth nothing on another device, driver, build of the kernels or kind of model.
struct ProfileKey {
  std::string device_uuid, driver, kernels_build, workload;
};

struct StoredProfile {
  std::string value_json;
  int64_t measured_at_s = 0;  // unix seconds
};

class ProfileStore {
 public:
  virtual ~ProfileStore() = default;
  // Nothing when that was never measured.
  virtual Result<std::optional<StoredProfile>> Get(const ProfileKey& key) = 0;
  // Replaces what was there. On disk when it returns.
  virtual Status Put(const ProfileKey& key, const nlohmann::json& value, int64_t measured_at_s) = 0;
  // The newest measurement of a device whatever the other parts of its key; for `motley devices`.
  virtual Result<std::optional<int64_t>> LastMeasured(const std::string& device_uuid) = 0;
};

// Opens `folder`/profiles.db, making both where missing. Callers pass StateFolder() of base/os.h.
Result<std::unique_ptr<ProfileStore>> OpenProfileStore(const std::string& folder);

}  // namespace motley
