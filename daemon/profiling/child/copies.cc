#include "daemon/profiling/child/copies.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "daemon/profiling/child/messages.h"
#include "hwprofiles/json_fields.h"

namespace motley::profiling {
namespace {

using nlohmann::json;

constexpr int kIdleMs = 60'000;
constexpr double kMostBytes = 1 << 30;

struct Order {
  bool in = false;
  size_t bytes = 0;
  double seconds = 0;
};

Result<Order> OrderOf(const json& message) {
  const JsonFields document = TRY(JsonFields::Of(message, ""));
  const JsonFields fields = TRY(document.Object("copy"));
  const std::string direction = TRY(fields.Text("direction"));
  const double bytes = TRY(fields.Positive("bytes"));
  Order order;
  order.seconds = TRY(fields.Number("seconds"));
  if ((direction != "in" && direction != "out") || bytes > kMostBytes) {
    return Error::Invalid("copy", "copy goes in or out and has at most 1 GiB");
  }
  order.in = direction == "in";
  order.bytes = static_cast<size_t>(bytes);
  return order;
}

class Copies {
 public:
  explicit Copies(Device& device) : device_(device) {}

  Result<double> Run(const Order& order) {
    if (host_.size() < order.bytes) TRY(Allocate(order.bytes));
    std::vector<double> us;
    const int64_t start = RealClock().NowNs();
    do {
      const int64_t began = RealClock().NowNs();
      TRY(One(order));
      us.push_back(SecondsBetween(began, RealClock().NowNs()) * 1e6);
    } while (SecondsBetween(start, RealClock().NowNs()) < order.seconds);
    std::ranges::nth_element(us, us.begin() + static_cast<long>(us.size() / 2));
    return std::max(us[us.size() / 2], 1e-3);
  }

 private:
  Status Allocate(size_t bytes) {
    host_.assign(bytes, std::byte{1});
    if (!stream_) stream_ = TRY(device_.NewStream());
    buffer_ = TRY(device_.Allocate(bytes));
    return stream_->CopyIn(host_, *buffer_, 0);
  }

  Status One(const Order& order) {
    const MutableBytes host = MutableBytes(host_).first(order.bytes);
    if (!order.in) return stream_->CopyOut(*buffer_, 0, host);
    TRY(stream_->CopyIn(host, *buffer_, 0));
    return stream_->Sync();
  }

  Device& device_;
  std::vector<std::byte> host_;
  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<Stream> stream_;  // goes first
};

}  // namespace

Status ServeCopies(const Fd& socket, Device& device) {
  Copies copies(device);
  for (;;) {
    const auto message = Receive(socket, kIdleMs);
    if (!message.ok() || !message->contains("copy")) return {};
    const Order order = TRY(OrderOf(*message));
    const double us = TRY(copies.Run(order));
    TRY(Send(socket, {{"copied", {{"us", us}}}}));
  }
}

}  // namespace motley::profiling
