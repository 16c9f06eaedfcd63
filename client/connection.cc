#include "client/connection.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace motley::client {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kMonitorAddress[] = "inproc://motley-client-monitor";
constexpr size_t kFrames = 3;  // version, number, message
constexpr int kMessagesPerTurn = 256;
constexpr long kTurnMs = 1'000;  // how often silence is looked for
constexpr long kRetryMs = 5;     // while the queue to the server is full
constexpr std::chrono::milliseconds kSilence{rpc::kSilenceMs};

Error Unreachable(const std::string& address) {
  return Error::Unavailable("no motleyd answers at " + address)
      .Fix("start one: motley serve MODEL.gguf --rpc " + address);
}

v1::ClientMessage HelloMessage() {
  v1::ClientMessage message;
  v1::Hello* hello = message.mutable_hello();
  hello->set_min_version(rpc::kVersion);
  hello->set_max_version(rpc::kVersion);
  hello->set_client("motley-client");
  return message;
}

}  // namespace

Deadline After(std::chrono::milliseconds timeout) {
  const std::chrono::milliseconds year = std::chrono::hours(24 * 365);
  return SteadyClock::now() + std::clamp(timeout, std::chrono::milliseconds(0), year);
}

void Inbox::Put(v1::ServerMessage message) {
  const std::lock_guard lock(mutex_);
  messages_.push_back(std::move(message));
  changed_.notify_all();
}

void Inbox::Fail(Error error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
  changed_.notify_all();
}

Result<std::optional<v1::ServerMessage>> Inbox::Take(Deadline deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return !messages_.empty() || failure_; });
  if (!messages_.empty()) {
    std::optional<v1::ServerMessage> message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }
  if (failure_) return *failure_;
  return std::optional<v1::ServerMessage>();
}

Result<std::shared_ptr<Connection>> Connection::Open(const std::string& address,
                                                     Deadline deadline) {
  TRY(rpc::PathOfAddress(address));
  auto context = std::make_unique<rpc::ZmqContext>();
  rpc::ZmqSocket dealer = TRY(rpc::ZmqSocket::Open(*context, rpc::Role::kDealer));
  rpc::ZmqSocket monitor = TRY(rpc::ZmqSocket::Open(*context, rpc::Role::kMonitor));
  TRY(dealer.Monitor(kMonitorAddress));
  TRY(monitor.Connect(kMonitorAddress));
  TRY(dealer.Connect(address));
  Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return ErrnoError("eventfd", errno);
  auto connection = std::make_shared<Connection>(std::move(context), std::move(dealer),
                                                 std::move(monitor), std::move(event));
  const std::shared_ptr<Inbox> inbox = connection->Begin(HelloMessage());
  const std::optional<v1::ServerMessage> answer = TRY(inbox->Take(deadline));
  connection->Forget(inbox->number());
  if (!answer) return Unreachable(address);
  if (answer->has_failure()) return rpc::FromFailure(answer->failure());
  return connection;
}

Connection::Connection(std::unique_ptr<rpc::ZmqContext> context, rpc::ZmqSocket dealer,
                       rpc::ZmqSocket monitor, Fd event)
    : context_(std::move(context)),
      dealer_(std::move(dealer)),
      monitor_(std::move(monitor)),
      event_(std::move(event)),
      heard_(SteadyClock::now()),
      thread_([this] { Loop(); }) {}

Connection::~Connection() {
  stop_ = true;
  Wake();
  thread_.join();
  FailAll(Error::Unavailable("the connection to motleyd was closed"));
}

std::shared_ptr<Inbox> Connection::Begin(const v1::ClientMessage& message) {
  std::shared_ptr<Inbox> inbox;
  {
    const std::lock_guard lock(mutex_);
    inbox = std::make_shared<Inbox>(next_++);
    if (inboxes_.empty()) heard_ = SteadyClock::now();
    inboxes_[inbox->number()] = inbox;
    outgoing_.push_back({inbox->number(), message.SerializeAsString()});
  }
  Wake();
  return inbox;
}

void Connection::Send(uint64_t number, const v1::ClientMessage& message) {
  {
    const std::lock_guard lock(mutex_);
    outgoing_.push_back({number, message.SerializeAsString()});
  }
  Wake();
}

void Connection::Forget(uint64_t number) {
  const std::lock_guard lock(mutex_);
  inboxes_.erase(number);
}

void Connection::Loop() {
  while (!stop_) {
    rpc::WaitReadable({&dealer_, &monitor_}, event_.get(), unsent_.empty() ? kTurnMs : kRetryMs);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(event_.get(), &count, sizeof count);
    SendWaiting();
    ReceiveWaiting();
    std::vector<std::string> frames;
    bool lost = false;
    while (monitor_.Receive(frames, kFrames)) lost = true;
    if (lost) FailAll(Error::Unavailable("motleyd closed the connection"));
    if (IsSilent()) FailAll(Error::Unavailable("motleyd has not answered for 15 s"));
  }
  SendWaiting();  // cancellations
}

void Connection::SendWaiting() {
  {
    const std::lock_guard lock(mutex_);
    for (Outgoing& outgoing : outgoing_) unsent_.push_back(std::move(outgoing));
    outgoing_.clear();
  }
  while (!unsent_.empty()) {
    const Outgoing& next = unsent_.front();
    if (dealer_.Send({rpc::kMagic, rpc::NumberFrame(next.number), next.bytes}) != 0) return;
    unsent_.pop_front();
  }
}

void Connection::ReceiveWaiting() {
  std::vector<std::string> frames;
  for (int i = 0; i < kMessagesPerTurn && dealer_.Receive(frames, kFrames + 1); ++i) {
    Deliver(frames);
  }
}

void Connection::Deliver(const std::vector<std::string>& frames) {
  if (frames.size() != kFrames || frames[0] != rpc::kMagic) return;
  const std::optional<uint64_t> number = rpc::ParseNumber(frames[1]);
  v1::ServerMessage message;
  if (!number || !message.ParseFromString(frames[2])) return;
  std::shared_ptr<Inbox> inbox;
  {
    const std::lock_guard lock(mutex_);
    heard_ = SteadyClock::now();
    welcomed_ = welcomed_ || message.has_welcome();
    const auto found = inboxes_.find(*number);
    if (found != inboxes_.end()) inbox = found->second;
  }
  if (inbox) inbox->Put(std::move(message));
}

void Connection::FailAll(const Error& error) {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, inbox] : inboxes_) inbox->Fail(error);
  inboxes_.clear();
}

bool Connection::IsSilent() const {
  const std::lock_guard lock(mutex_);
  return welcomed_ && !inboxes_.empty() && SteadyClock::now() - heard_ > kSilence;
}

void Connection::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(event_.get(), &one, sizeof one);
}

}  // namespace motley::client
