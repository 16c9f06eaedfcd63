#pragma once
// Files, shared memory and child processes: the only place that forks or makes a memfd. Any thread;
// every object is owned by its holder and closes what it holds. Errors carry errno's text.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace motley {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

Result<Fd> OpenForReading(const std::string& path);
Result<uint64_t> FileSize(const Fd& fd);
// All of `out` from `offset`; a short file is an error that names the offset.
Status ReadAt(const Fd& fd, uint64_t offset, MutableBytes out);
// The whole file, refused above `limit_bytes`.
Result<std::string> ReadFile(const std::string& path, uint64_t limit_bytes);
// Written beside the target, synced and renamed over it: a reader sees the old or the new file.
Status WriteFileAtomically(const std::string& path, std::string_view text);

// A mapped region of memory, unmapped with the object.
class Mapping {
 public:
  Mapping() = default;
  Mapping(std::byte* data, size_t size) : data_(data), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  Bytes bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Anonymous shared memory of a fixed size: sealed against shrinking and growing, so that a mapping
// of it can never fault whatever the other side does.
Result<Fd> MakeSharedMemory(const std::string& name, size_t bytes);
// Sealed against writing too; for data handed over once.
Result<Fd> MakeSealedData(const std::string& name, Bytes data);
// Maps the whole of `fd`, shared. Refuses a file that is not sealed against shrinking.
enum class Access { kRead, kReadWrite };
Result<Mapping> MapShared(const Fd& fd, Access access);

// A connected pair of SOCK_SEQPACKET sockets, close-on-exec.
Result<std::pair<Fd, Fd>> MakeSocketPair();
// One message with the file descriptors that go with it (at most 8).
Status SendMessage(const Fd& socket, Bytes data, const std::vector<int>& fds = {});
struct Message {
  std::string data;
  std::vector<Fd> fds;
};
// Waits at most `timeout_ms` (-1: for ever). The peer's end is Unavailable; a time-out is
// Cancelled. A message above `limit_bytes` is InvalidArgument.
Result<Message> ReceiveMessage(const Fd& socket, int timeout_ms, size_t limit_bytes);

// How a child is started. Everything not named here is closed or inherited as posix_spawn does.
struct SpawnOptions {
  std::vector<std::string> arguments;    // arguments[0] is the path of the program
  std::vector<std::pair<int, int>> fds;  // parent's fd -> the child's number (>= 3 recommended)
  std::map<std::string, std::string> environment =
      {};  // added to ours; with `clear_environment`, all there is
  bool clear_environment = false;
  bool quiet = false;  // stdout and stderr go to /dev/null
};

// A child process. The destructor kills it and waits.
class Child {
 public:
  Child() = default;
  Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  ~Child();
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ > 0; }
  // Readable as soon as the child is dead (poll it).
  const Fd& pidfd() const { return pidfd_; }
  void Signal(int signal) const;
  // The wait status once it has ended; Cancelled if it has not within `timeout_ms` (-1: for ever).
  Result<int> Wait(int timeout_ms);

 private:
  pid_t pid_ = -1;
  Fd pidfd_;
};
Result<Child> Spawn(const SpawnOptions& options);
// "exit status 3", "killed by signal 9 (Killed)".
std::string DescribeWaitStatus(int status);

// The folder of the running program, for finding its helpers beside it.
std::string ProgramFolder();
// A program that belongs to Motley ("motley-worker"): beside the running one, else in ../bin of it.
std::string HelperProgram(const std::string& name);
// $MOTLEY_STATE, else $XDG_STATE_HOME/motley, else ~/.local/state/motley; root without HOME:
// /var/lib/motley.
std::string StateFolder();

}  // namespace motley
