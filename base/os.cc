#include "base/os.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace motley {
namespace {

constexpr int kMaxFds = 8;

Error LastError(std::string what) { return ErrnoError(std::move(what), errno); }

Status WriteAll(const Fd& fd, Bytes data, const std::string& what) {
  while (!data.empty()) {
    const ssize_t n = write(fd.get(), data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LastError("cannot write " + what);
    data = data.subspan(static_cast<size_t>(n));
  }
  return {};
}

// 1: readable, 0: time-out.
Result<int> PollReadable(int fd, int timeout_ms) {
  pollfd p{fd, POLLIN, 0};
  int n;
  do {
    n = poll(&p, 1, timeout_ms);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return LastError("poll");
  return n;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Result<Fd> OpenForReading(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return LastError("cannot open " + path);
  return fd;
}

Result<uint64_t> FileSize(const Fd& fd) {
  struct stat s;
  if (fstat(fd.get(), &s) != 0) return LastError("fstat");
  return static_cast<uint64_t>(s.st_size);
}

Status ReadAt(const Fd& fd, uint64_t offset, MutableBytes out) {
  while (!out.empty()) {
    const ssize_t n = pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LastError("cannot read at offset " + std::to_string(offset));
    if (n == 0) return Error::Invalid("file", "the file ends before this offset").At(offset);
    out = out.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

Result<std::string> ReadFile(const std::string& path, uint64_t limit_bytes) {
  const Fd fd = TRY(OpenForReading(path));
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LastError("cannot read " + path);
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
    if (text.size() > limit_bytes) {
      return Error::Invalid(path, path + " is larger than " + FormatBytes(limit_bytes));
    }
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  const Fd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) return LastError("cannot write " + path);
  TRY(WriteAll(fd, std::as_bytes(std::span(text)), path));
  if (fsync(fd.get()) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    Error failed = LastError("cannot write " + path);
    std::remove(temporary.c_str());
    return failed;
  }
  return {};
}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    if (data_) munmap(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Mapping::~Mapping() {
  if (data_) munmap(data_, size_);
}

Result<Fd> MakeSharedMemory(const std::string& name, size_t bytes) {
  Fd fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return LastError("memfd_create");
  if (ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return LastError("ftruncate");
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return LastError("F_ADD_SEALS");
  }
  return fd;
}

Result<Fd> MakeSealedData(const std::string& name, Bytes data) {
  Fd fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return LastError("memfd_create");
  TRY(WriteAll(fd, data, name));
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return LastError("F_ADD_SEALS");
  return fd;
}

Result<Mapping> MapShared(const Fd& fd, Access access) {
  const int seals = fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || !(seals & F_SEAL_SHRINK)) {
    return Error::Invalid("shared memory", "not sealed against shrinking");
  }
  const uint64_t size = TRY(FileSize(fd));
  if (size == 0) return Mapping();
  const int protection = access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  void* data = mmap(nullptr, size, protection, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return LastError("cannot map " + FormatBytes(size));
  return Mapping(static_cast<std::byte*>(data), size);
}

Result<std::pair<Fd, Fd>> MakeSocketPair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    return LastError("socketpair");
  return std::pair(Fd(fds[0]), Fd(fds[1]));
}

Status SendMessage(const Fd& socket, Bytes data, const std::vector<int>& fds) {
  if (fds.size() > kMaxFds) return Error::Invalid("fds", "more than 8 file descriptors");
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t n;
  do {
    n = sendmsg(socket.get(), &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
    return Error::Unavailable("the peer is gone");
  if (n < 0) return LastError("sendmsg");
  return {};
}

Result<Message> ReceiveMessage(const Fd& socket, int timeout_ms, size_t limit_bytes) {
  if (TRY(PollReadable(socket.get(), timeout_ms)) == 0) {
    return Error{Code::kCancelled, "no message within " + std::to_string(timeout_ms) + " ms"};
  }
  Message out;
  const ssize_t size = recv(socket.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
  if (size < 0 && errno != ECONNRESET) return LastError("recv");
  if (size > 0 && static_cast<size_t>(size) > limit_bytes) {
    return Error::Invalid("message", "a message of " + std::to_string(size) + " bytes, limit " +
                                         std::to_string(limit_bytes));
  }
  out.data.resize(size > 0 ? static_cast<size_t>(size) : 1);
  iovec part{out.data.data(), out.data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  if (n < 0 && errno != ECONNRESET) return LastError("recvmsg");
  if (n <= 0) return Error::Unavailable("the peer is gone");
  out.data.resize(static_cast<size_t>(n));
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      out.fds.emplace_back(LoadUnaligned<int>(CMSG_DATA(h) + i * sizeof(int)));
    }
  }
  return out;
}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Child gone(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Child::~Child() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Child::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

Result<int> Child::Wait(int timeout_ms) {
  if (pid_ <= 0) return Error::Internal("no child to wait for");
  if (TRY(PollReadable(pidfd_.get(), timeout_ms)) == 0) {
    return Error{Code::kCancelled, "still running after " + std::to_string(timeout_ms) + " ms"};
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return LastError("waitpid");
  }
  pid_ = -1;
  return status;
}

Result<Child> Spawn(const SpawnOptions& options) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Two passes through high numbers, so that one mapping never overwrites the source of another.
  std::vector<Fd> moved;
  for (const auto& [from, to] : options.fds) {
    moved.emplace_back(fcntl(from, F_DUPFD_CLOEXEC, 100));
    posix_spawn_file_actions_adddup2(&actions, moved.back().get(), to);
  }
  if (options.quiet) {
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  std::vector<std::string> variables;
  for (char** e = environ; e && *e && !options.clear_environment; ++e) {
    const std::string name(*e, std::strcspn(*e, "="));
    if (!options.environment.contains(name)) variables.emplace_back(*e);
  }
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  const auto pointers = [](const std::vector<std::string>& from) {
    std::vector<char*> out;
    for (const std::string& s : from) out.push_back(const_cast<char*>(s.c_str()));
    out.push_back(nullptr);
    return out;
  };
  pid_t pid = -1;
  const int error = posix_spawn(&pid, options.arguments.at(0).c_str(), &actions, &attributes,
                                pointers(options.arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return ErrnoError("cannot start " + options.arguments[0], error);
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) return LastError("pidfd_open");
  return Child(pid, std::move(pidfd));
}

std::string DescribeWaitStatus(int status) {
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return "killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
}

std::string ProgramFolder() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  const std::string whole(path, n > 0 ? static_cast<size_t>(n) : 0);
  return whole.substr(0, whole.rfind('/'));
}

std::string HelperProgram(const std::string& name) {
  const std::string beside = ProgramFolder() + "/" + name;
  return access(beside.c_str(), X_OK) == 0 ? beside : ProgramFolder() + "/../bin/" + name;
}

std::string StateFolder() {
  if (const char* set = std::getenv("MOTLEY_STATE")) return set;
  if (const char* xdg = std::getenv("XDG_STATE_HOME")) return std::string(xdg) + "/motley";
  if (const char* home = std::getenv("HOME")) return std::string(home) + "/.local/state/motley";
  return "/var/lib/motley";
}

}  // namespace motley
