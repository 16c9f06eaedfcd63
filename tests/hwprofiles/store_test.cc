#include "hwprofiles/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace motley {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const ProfileKey kKey{"uuid-1", "pocl 3.1", "build-9", "llama-135m q4_1"};

class ProfileStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    std::string pattern = ::testing::TempDir() + "motley-store-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    fs::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  std::unique_ptr<ProfileStore> Open() {
    auto store = OpenProfileStore(folder_);
    EXPECT_TRUE(store.ok()) << store.error().message;
    return store.ok() ? store.ReleaseValue() : nullptr;
  }
  std::string Database() const { return folder_ + "/profiles.db"; }
  int FilesAside() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      count += entry.path().filename().string().starts_with("profiles.db.damaged-");
    }
    return count;
  }

  std::string folder_;
};
using ProfileStoreFile = ProfileStoreTest;

TEST_F(ProfileStoreFile, KeepsWhatWasPutAcrossOpenings) {
  const json value = {{"decode", {{1, 4.5}}}, {"name", "a \"quoted\" name"}};
  ASSERT_TRUE(Open()->Put(kKey, value, 1700000000).ok());
  const auto found = Open()->Get(kKey);
  ASSERT_TRUE(found.ok());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ(json::parse((*found)->value_json), value);
  EXPECT_EQ((*found)->measured_at_s, 1700000000);
}

TEST_F(ProfileStoreFile, MakesItsFolder) {
  folder_ += "/deep/er";
  EXPECT_NE(Open(), nullptr);
  EXPECT_TRUE(fs::exists(Database()));
}

TEST_F(ProfileStoreFile, AnyOtherKeyIsAnotherMeasurement) {
  const auto store = Open();
  ASSERT_TRUE(store->Put(kKey, json{1}, 1).ok());
  for (const ProfileKey& other :
       {ProfileKey{"uuid-2", kKey.driver, kKey.kernels_build, kKey.workload},
        ProfileKey{kKey.device_uuid, "pocl 4", kKey.kernels_build, kKey.workload},
        ProfileKey{kKey.device_uuid, kKey.driver, "build-10", kKey.workload},
        ProfileKey{kKey.device_uuid, kKey.driver, kKey.kernels_build, "x"}}) {
    EXPECT_EQ(*store->Get(other), std::nullopt);
  }
}

TEST_F(ProfileStoreFile, ANewMeasurementReplacesTheOld) {
  const auto store = Open();
  ASSERT_TRUE(store->Put(kKey, json{1}, 1).ok());
  ASSERT_TRUE(store->Put(kKey, json{2}, 2).ok());
  EXPECT_EQ((*store->Get(kKey))->value_json, "[2]");
  ProfileKey other = kKey;
  other.workload = "another";
  ASSERT_TRUE(store->Put(other, json{3}, 9).ok());
  EXPECT_EQ(*store->LastMeasured(kKey.device_uuid), 9);
  EXPECT_EQ(*store->LastMeasured("never"), std::nullopt);
}

TEST_F(ProfileStoreFile, ADamagedFileIsMovedAsideAndReplaced) {
  ASSERT_TRUE(Open()->Put(kKey, json{1}, 1).ok());
  std::ofstream(Database()) << "this is not a database, it only has the name of one";
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(FilesAside(), 1);
  EXPECT_EQ(*store->Get(kKey), std::nullopt);
  EXPECT_TRUE(store->Put(kKey, json{2}, 2).ok());
  EXPECT_EQ((*Open()->Get(kKey))->value_json, "[2]");
}

TEST_F(ProfileStoreFile, DamageInTheMiddleOfTheFileIsNoticedAtOpening) {
  {
    const auto store = Open();
    for (int i = 0; i < 200; ++i) {
      ProfileKey key = kKey;
      key.workload = std::to_string(i);
      ASSERT_TRUE(store->Put(key, json(std::string(500, 'x')), i).ok());
    }
  }
  ASSERT_GT(fs::file_size(Database()), 40000u);
  std::fstream file(Database(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8192);
  file << std::string(20000, '\xee');
  file.close();
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(FilesAside(), 1);
  EXPECT_TRUE(store->Put(kKey, json{1}, 1).ok());
}

TEST_F(ProfileStoreFile, ProcessesWriteSideBySideWithoutLosingAnything) {
  constexpr int kProcesses = 4, kEach = 25;
  for (int p = 0; p < kProcesses; ++p) {
    if (fork() != 0) continue;
    bool good = true;
    for (int i = 0; i < kEach; ++i) {
      auto store = OpenProfileStore(folder_);
      ProfileKey key = kKey;
      key.workload = std::to_string(p * kEach + i);
      good = good && store.ok() && (*store)->Put(key, json{i}, i).ok();
    }
    _exit(good ? 0 : 1);
  }
  for (int p = 0; p < kProcesses; ++p) {
    int status = -1;
    wait(&status);
    EXPECT_EQ(status, 0);
  }
  const auto store = Open();
  for (int i = 0; i < kProcesses * kEach; ++i) {
    ProfileKey key = kKey;
    key.workload = std::to_string(i);
    EXPECT_TRUE(store->Get(key)->has_value()) << i;
  }
  EXPECT_EQ(FilesAside(), 0);
}

TEST_F(ProfileStoreFile, AFolderThatCannotBeMadeIsUnavailableWithAFix) {
  std::ofstream(folder_ + "/file") << "x";
  const auto store = OpenProfileStore(folder_ + "/file/below");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::kUnavailable);
  EXPECT_FALSE(store.error().remedy.empty());
}

}  // namespace
}  // namespace motley
