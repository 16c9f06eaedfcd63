#include "daemon/planning/kept_times.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

// Of what is measured and how: a profile of another one is measured again.
constexpr int kVersion = 2;
constexpr const char* kLearnt = "learnt ";
const ProfileKey kHostLink{"host-link", "", "", "ring"};

std::unique_ptr<ProfileStore> Open() {
  auto store = OpenProfileStore(StateFolder());
  if (store.ok()) return store.ReleaseValue();
  LogWarning("profiles are not kept: " + store.error().message);
  return nullptr;
}

Result<StepTimes> Read(const nlohmann::json& stored) {
  const JsonFields fields = TRY(JsonFields::Of(stored, ""));
  if (TRY(fields.IntegerOr("version", 0)) != kVersion) {
    return Error::Unsupported("profile of another version");
  }
  return StepTimesFromJson(TRY(fields.Object("step_times")));
}

}  // namespace

KeptTimes::KeptTimes(std::string fingerprint, int threads)
    : fingerprint_(std::move(fingerprint)), threads_(threads), store_(Open()) {}

ProfileKey KeptTimes::KeyOf(const DeviceInfo& d, const std::string& what) const {
  return {d.uuid, d.driver_name + " " + d.driver_version, d.kernels,
          what + fingerprint_ + (threads_ > 0 ? " t" + std::to_string(threads_) : "")};
}

nlohmann::json KeptTimes::Stored(const ProfileKey& key) {
  if (!store_) return nullptr;
  const auto found = store_->Get(key);
  if (!found.ok() || !*found) return nullptr;
  return nlohmann::json::parse((*found)->value_json, nullptr, false);
}

void KeptTimes::Keep(const ProfileKey& key, const nlohmann::json& value) {
  if (!store_) return;
  const Status kept = store_->Put(key, value, RealClock().WallNs() / 1'000'000'000);
  if (!kept.ok()) LogWarning("a profile was not kept: " + kept.error().message);
}

std::optional<StepTimes> KeptTimes::Times(const DeviceInfo& device) {
  const nlohmann::json stored = Stored(KeyOf(device, ""));
  auto times = Read(stored);
  if (!times.ok()) return std::nullopt;
  return times.ReleaseValue();
}

void KeptTimes::Keep(const DeviceInfo& device, const StepTimes& times) {
  Keep(KeyOf(device, ""), {{"version", kVersion}, {"step_times", ToJson(times)}});
}

Refiner KeptTimes::Learnt(const DeviceInfo& device, const StepTimes& times) {
  const nlohmann::json stored = Stored(KeyOf(device, kLearnt));
  if (!stored.is_object() || stored.value("about", nlohmann::json()) != ToJson(times)) return {};
  auto learnt = Refiner::FromJson(stored.value("learnt", nlohmann::json()));
  return learnt.ok() ? learnt.ReleaseValue() : Refiner();
}

void KeptTimes::Keep(const DeviceInfo& device, const StepTimes& times, const Refiner& learnt) {
  Keep(KeyOf(device, kLearnt), {{"about", ToJson(times)}, {"learnt", learnt.ToJson()}});
}

std::optional<LinkProfile> KeptTimes::HostLink() {
  const nlohmann::json stored = Stored(kHostLink);
  const auto number = [&](const char* key) {
    const bool there = stored.is_object() && stored.contains(key) && stored[key].is_number();
    return there ? stored[key].get<double>() : 0;
  };
  LinkProfile link;
  link.latency_us = number("latency_us");
  link.bytes_per_s = number("bytes_per_s");
  if (!(link.bytes_per_s > 0)) return std::nullopt;
  return link;
}

void KeptTimes::Keep(const LinkProfile& link) {
  Keep(kHostLink, {{"latency_us", link.latency_us}, {"bytes_per_s", link.bytes_per_s}});
}

}  // namespace motley
