#include "backends/discover/hotplug.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/os.h"

namespace motley {
namespace {

constexpr size_t kMessageLimit = 8192;  // the kernel's own buffer is 2 KiB
constexpr size_t kPathLimit = 1024, kNameLimit = 64;
constexpr unsigned kKernelGroup = 1;       // udev sends to group 2
constexpr int kReceiveBytes = 256 * 1024;  // a switch full of cards comes at once

std::optional<DeviceEvent::Action> ActionOf(std::string_view word) {
  if (word == "add") return DeviceEvent::Action::kAdd;
  if (word == "remove") return DeviceEvent::Action::kRemove;
  for (const char* change : {"change", "bind", "unbind", "move", "online", "offline"}) {
    if (word == change) return DeviceEvent::Action::kChange;
  }
  return std::nullopt;
}

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// "0000:21:00.0", domain of 4 to 8 digits.
bool IsPciAddress(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 4 || colon > 8) return false;
  const std::string_view rest = text.substr(colon + 1);
  return rest.size() == 7 && rest[2] == ':' && rest[5] == '.' && rest[6] >= '0' && rest[6] <= '7' &&
         IsHex(text.substr(0, colon)) && IsHex(rest.substr(0, 2)) && IsHex(rest.substr(3, 2));
}

// The deepest function of the path: ".../0000:21:00.0/drm/card0" hangs below it.
std::string PciOfPath(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view last = slash == path.npos ? path : path.substr(slash + 1);
    if (IsPciAddress(last)) return std::string(last);
    if (slash == path.npos) break;
    path = path.substr(0, slash);
  }
  return {};
}

bool Printable(std::string_view text, size_t limit) {
  return !text.empty() && text.size() <= limit &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// The next piece up to a zero byte, taken off.
std::string_view TakePiece(std::string_view* rest) {
  const size_t end = rest->find('\0');
  const std::string_view piece = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return piece;
}

class KernelEvents : public DeviceEvents {
 public:
  explicit KernelEvents(Fd socket) : socket_(std::move(socket)) {}

  Result<std::optional<DeviceEvent>> Next(int timeout_ms) override {
    pollfd waiting{socket_.get(), POLLIN, 0};
    const int ready = poll(&waiting, 1, timeout_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return std::optional<DeviceEvent>();
    std::array<char, kMessageLimit> buffer;
    iovec piece{buffer.data(), buffer.size()};
    sockaddr_nl sender{};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    const ssize_t size = recvmsg(socket_.get(), &header, MSG_DONTWAIT);
    if (size < 0) return Failed(errno);
    if ((header.msg_flags & MSG_TRUNC) || sender.nl_pid != 0) return std::optional<DeviceEvent>();
    return ParseUevent({buffer.data(), static_cast<size_t>(size)});
  }

 private:
  static Result<std::optional<DeviceEvent>> Failed(int error) {
    if (error == EINTR || error == EAGAIN) return std::optional<DeviceEvent>();
    if (error != ENOBUFS) {
      return Error::Unavailable(std::string("the kernel's device events ended: ") +
                                std::strerror(error));
    }
    return std::optional(DeviceEvent{DeviceEvent::Action::kLost, "", "", ""});
  }

  const Fd socket_;
};

}  // namespace

bool ConcernsDevices(const DeviceEvent& event) {
  if (event.action == DeviceEvent::Action::kLost) return true;
  for (const char* subsystem :
       {"pci", "drm", "accel", "kfd", "nvidia", "xrt_user", "xrt_mgmt", "cpu", "node", "memory"}) {
    if (event.subsystem == subsystem) return true;
  }
  return false;
}

std::optional<DeviceEvent> ParseUevent(std::string_view message) {
  if (message.empty() || message.size() > kMessageLimit || message.back() != '\0') return {};
  const std::string_view title = TakePiece(&message);
  const size_t at = title.find('@');
  if (at == title.npos) return {};  // udev's begin with "libudev"
  const auto action = ActionOf(title.substr(0, at));
  const std::string_view path = title.substr(at + 1);
  if (!action || !Printable(path, kPathLimit) || path.front() != '/') return {};
  DeviceEvent event{*action, "", std::string(path), ""};
  while (!message.empty()) {
    const std::string_view piece = TakePiece(&message);
    const size_t equals = piece.find('=');
    if (equals == piece.npos) continue;
    const std::string_view key = piece.substr(0, equals), value = piece.substr(equals + 1);
    if (key == "DEVPATH" && value != path) return {};
    if (key == "ACTION" && value != title.substr(0, at)) return {};
    if (key == "SUBSYSTEM" && Printable(value, kNameLimit)) event.subsystem = value;
    if (key == "PCI_SLOT_NAME" && IsPciAddress(value)) event.pci = value;
  }
  if (event.subsystem.empty()) return {};
  if (event.pci.empty()) event.pci = PciOfPath(path);
  return event;
}

Result<std::unique_ptr<DeviceEvents>> OpenKernelEvents() {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  const auto failed = [] {
    return Error::Unavailable(std::string("no device events from the kernel: ") +
                              std::strerror(errno));
  };
  if (!fd.valid()) return failed();
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed();
  }
  return std::unique_ptr<DeviceEvents>(std::make_unique<KernelEvents>(std::move(fd)));
}

}  // namespace motley
