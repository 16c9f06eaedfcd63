#include "hwprofiles/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/os.h"

namespace motley {
namespace {

constexpr int kSchemaVersion = 1;
constexpr int kBusyTimeoutMs = 5000;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

bool IsDamage(int rc) { return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB; }

// SQLite's code of the last failure beside its text, so that damage can be told from a full disk.
struct Failure {
  int rc = SQLITE_OK;
  std::string text;
};

Failure Exec(sqlite3* database, const char* sql) {
  const int rc = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  if (rc == SQLITE_OK) return {};
  return {sqlite3_extended_errcode(database), sqlite3_errmsg(database)};
}

Failure ReadOne(sqlite3* database, const char* sql, std::string& out) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &raw, nullptr) != SQLITE_OK) {
    return {sqlite3_extended_errcode(database), sqlite3_errmsg(database)};
  }
  const Statement statement(raw);
  if (sqlite3_step(raw) != SQLITE_ROW) {
    return {sqlite3_extended_errcode(database), sqlite3_errmsg(database)};
  }
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
  out = text ? text : "";
  return {};
}

Failure Prepare(sqlite3* database) {
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  std::string version, found;
  if (auto failed = ReadOne(database, "PRAGMA user_version", version); failed.rc) return failed;
  if (version != "0" && version != std::to_string(kSchemaVersion)) {
    return {SQLITE_MISMATCH,
            "its version is " + version + ", this Motley reads " + std::to_string(kSchemaVersion)};
  }
  if (auto failed = ReadOne(database, "PRAGMA quick_check(1)", found); failed.rc) return failed;
  if (found != "ok") return {SQLITE_CORRUPT, found};
  if (auto failed = Exec(database, "PRAGMA journal_mode=WAL"); failed.rc) return failed;
  if (version != "0") return {};
  return Exec(database,
              "CREATE TABLE IF NOT EXISTS profile("
              " device_uuid TEXT NOT NULL, driver TEXT NOT NULL, kernels_build TEXT NOT NULL,"
              " workload TEXT NOT NULL, measured_at_s INTEGER NOT NULL, value TEXT NOT NULL,"
              " PRIMARY KEY(device_uuid, driver, kernels_build, workload)) WITHOUT ROWID;"
              "PRAGMA user_version=1");
}

Failure OpenOnce(const std::string& path, Database& out) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
  const int rc = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (rc != SQLITE_OK) return {rc, raw ? sqlite3_errmsg(raw) : "out of memory"};
  if (auto failed = Prepare(raw); failed.rc) return failed;
  out = std::move(database);
  return {};
}

Error StoreError(const std::string& path, const Failure& failure) {
  if (failure.rc == SQLITE_MISMATCH) {
    return Error::Unsupported(path + " is of another version of Motley: " + failure.text)
        .Fix("update Motley, or set MOTLEY_STATE to another folder");
  }
  return Error::Unavailable("profile store " + path + ": " + failure.text)
      .Fix("check the folder's free space and permissions, or set MOTLEY_STATE");
}

// Its write-ahead log belongs to the damaged file and goes with it.
void MoveAside(const std::string& path, const std::string& why) {
  std::string aside;
  for (int n = 1;; ++n) {
    aside = path + ".damaged-" + std::to_string(n);
    if (!std::filesystem::exists(aside)) break;
  }
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::rename(path + suffix, aside + suffix, ignored);
  }
  LogWarning("profile store " + path + " is damaged (" + why + "): moved to " + aside +
             ", devices will be measured again");
}

// Held while a process decides whether the file is damaged, so that two cannot move each other's
// new file aside.
Result<Fd> LockFolder(const std::string& folder) {
  const std::string path = folder + "/profiles.lock";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoError("cannot open " + path, errno);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return ErrnoError("cannot lock " + path, errno);
  }
  return fd;
}

Result<Database> OpenChecked(const std::string& folder) {
  std::error_code made;
  std::filesystem::create_directories(folder, made);
  if (made) {
    return Error::Unavailable("cannot make " + folder + ": " + made.message())
        .Fix("set MOTLEY_STATE to a folder you can write");
  }
  const Fd lock = TRY(LockFolder(folder));
  const std::string path = folder + "/profiles.db";
  Database database;
  Failure failure = OpenOnce(path, database);
  if (IsDamage(failure.rc)) {
    MoveAside(path, failure.text);
    failure = OpenOnce(path, database);
  }
  if (failure.rc) return StoreError(path, failure);
  return database;
}

class SqliteStore : public ProfileStore {
 public:
  SqliteStore(std::string folder, Database database)
      : folder_(std::move(folder)), database_(std::move(database)) {}

  Result<std::optional<StoredProfile>> Get(const ProfileKey& key) override {
    std::optional<StoredProfile> out;
    const Status ran = Run(
        "SELECT value, measured_at_s FROM profile WHERE device_uuid=?1 AND driver=?2 AND"
        " kernels_build=?3 AND workload=?4",
        [&](sqlite3_stmt* s) { BindKey(s, key); },
        [&](sqlite3_stmt* s) {
          out = {reinterpret_cast<const char*>(sqlite3_column_text(s, 0)),
                 sqlite3_column_int64(s, 1)};
        });
    if (!ran.ok()) return ran.error();
    return out;
  }

  Status Put(const ProfileKey& key, const nlohmann::json& value, int64_t measured_at_s) override {
    const std::string text = value.dump();
    return Run(
        "INSERT OR REPLACE INTO profile(device_uuid, driver, kernels_build, workload,"
        " measured_at_s, value) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        [&](sqlite3_stmt* s) {
          BindKey(s, key);
          sqlite3_bind_int64(s, 5, measured_at_s);
          sqlite3_bind_text(s, 6, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
        },
        [](sqlite3_stmt*) {});
  }

  Result<std::optional<int64_t>> LastMeasured(const std::string& device_uuid) override {
    std::optional<int64_t> out;
    const Status ran = Run(
        "SELECT measured_at_s FROM profile WHERE device_uuid=?1"
        " ORDER BY measured_at_s DESC LIMIT 1",
        [&](sqlite3_stmt* s) { BindText(s, 1, device_uuid); },
        [&](sqlite3_stmt* s) { out = sqlite3_column_int64(s, 0); });
    if (!ran.ok()) return ran.error();
    return out;
  }

 private:
  static void BindText(sqlite3_stmt* statement, int index, const std::string& text) {
    sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
  }

  static void BindKey(sqlite3_stmt* statement, const ProfileKey& key) {
    BindText(statement, 1, key.device_uuid);
    BindText(statement, 2, key.driver);
    BindText(statement, 3, key.kernels_build);
    BindText(statement, 4, key.workload);
  }

  template <class Bind, class Take>
  Failure RunOnce(const char* sql, const Bind& bind, const Take& take) {
    sqlite3_stmt* raw = nullptr;
    int rc = sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr);
    const Statement statement(raw);
    if (rc == SQLITE_OK) {
      bind(raw);
      while ((rc = sqlite3_step(raw)) == SQLITE_ROW) take(raw);
      if (rc == SQLITE_DONE) return {};
    }
    return {sqlite3_extended_errcode(database_.get()), sqlite3_errmsg(database_.get())};
  }

  template <class Bind, class Take>
  Status Run(const char* sql, const Bind& bind, const Take& take) {
    if (!database_) database_ = TRY(OpenChecked(folder_));
    Failure failure = RunOnce(sql, bind, take);
    if (IsDamage(failure.rc)) {
      database_.reset();
      database_ = TRY(OpenChecked(folder_));
      failure = RunOnce(sql, bind, take);
    }
    if (failure.rc) return StoreError(folder_ + "/profiles.db", failure);
    return {};
  }

  const std::string folder_;
  Database database_;
};

}  // namespace

Result<std::unique_ptr<ProfileStore>> OpenProfileStore(const std::string& folder) {
  Database database = TRY(OpenChecked(folder));
  return std::unique_ptr<ProfileStore>(std::make_unique<SqliteStore>(folder, std::move(database)));
}

}  // namespace motley
