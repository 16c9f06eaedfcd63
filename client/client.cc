#include "client/client.h"

#include <algorithm>

#include "client/connection.h"
#include "client/request_message.h"

namespace motley::client {
namespace {

v1::ClientMessage CancelMessage() {
  v1::ClientMessage message;
  message.mutable_cancel();
  return message;
}

Error TooLate() { return {Code::kCancelled, "motleyd did not answer before the deadline"}; }

}  // namespace

struct Generation::State {
  std::weak_ptr<Connection> connection;
  std::shared_ptr<Inbox> inbox;
  Deadline deadline;
  motley::Status status;
  std::optional<Ending> ending;

  bool over() const { return ending || !status.ok(); }
  void Cancel() const {
    const auto open = connection.lock();
    if (open) open->Send(inbox->number(), CancelMessage());
  }
  void Close() const {
    if (!over()) Cancel();
    const auto open = connection.lock();
    if (open) open->Forget(inbox->number());
  }
  Error End(Error error) {
    status = error;
    return error;
  }
};

Generation::Generation(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generation::Generation(Generation&&) noexcept = default;
Generation& Generation::operator=(Generation&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Generation::~Generation() {
  if (state_) state_->Close();
}

Result<std::optional<Piece>> Generation::Next(Milliseconds wait) {
  State& state = *state_;
  if (!state.status.ok()) return state.status.error();
  if (state.ending) return std::optional<Piece>();
  const Deadline until = std::min(After(wait), state.deadline);
  while (true) {
    auto taken = state.inbox->Take(until);
    if (!taken.ok()) return state.End(taken.error());
    if (!*taken) {
      if (until < state.deadline) return std::optional<Piece>(Piece{});
      state.Cancel();
      return state.End(TooLate());
    }
    const v1::ServerMessage& message = **taken;
    if (message.has_piece()) return std::optional<Piece>(FromMessage(message.piece()));
    if (message.has_failure()) return state.End(rpc::FromFailure(message.failure()));
    if (message.has_finished()) {
      state.ending = FromMessage(message.finished());
      return std::optional<Piece>();
    }
  }
}

void Generation::Cancel() { state_->Cancel(); }

Generation::Iterator Generation::begin() {
  Iterator first(this);
  return ++first;
}

Generation::Iterator Generation::end() { return Iterator(nullptr); }

Generation::Iterator& Generation::Iterator::operator++() {
  text_.clear();
  while (text_.empty()) {
    auto piece = generation_->Next();
    if (!piece.ok() || !*piece) {
      generation_ = nullptr;
      return *this;
    }
    text_ = std::move((*piece)->text);
  }
  return *this;
}

Status Generation::status() const { return state_->status; }
const std::optional<Ending>& Generation::ending() const { return state_->ending; }

struct Client::State {
  std::shared_ptr<Connection> connection;

  Result<std::string> Ask(v1::Ask::What what, Milliseconds timeout) const {
    v1::ClientMessage question;
    question.mutable_ask()->set_what(what);
    const std::shared_ptr<Inbox> inbox = connection->Begin(question);
    auto answer = inbox->Take(After(timeout));
    connection->Forget(inbox->number());
    if (!answer.ok()) return answer.error();
    if (!*answer) return TooLate();
    if ((*answer)->has_failure()) return rpc::FromFailure((*answer)->failure());
    return (*answer)->document().json();
  }
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::Connect(const std::string& address, Milliseconds timeout) {
  auto connection = TRY(Connection::Open(address, After(timeout)));
  return Client(std::make_unique<State>(State{std::move(connection)}));
}

Result<Generation> Client::Generate(const GenerateRequest& request, Milliseconds timeout) {
  const v1::ClientMessage message = TRY(ToMessage(request));
  const size_t bytes = message.ByteSizeLong();
  if (bytes > static_cast<size_t>(rpc::kMaxMessageBytes)) {
    return Error::Invalid("prompt", "the request has " + std::to_string(bytes) +
                                        " bytes, at most " + std::to_string(rpc::kMaxMessageBytes));
  }
  auto state = std::make_unique<Generation::State>();
  state->deadline = After(timeout);
  state->connection = state_->connection;
  state->inbox = state_->connection->Begin(message);
  return Generation(std::move(state));
}

Result<std::string> Client::Status(Milliseconds timeout) {
  return state_->Ask(v1::Ask::STATUS, timeout);
}
Result<std::string> Client::Plan(Milliseconds timeout) {
  return state_->Ask(v1::Ask::PLAN, timeout);
}
Result<std::string> Client::Devices(Milliseconds timeout) {
  return state_->Ask(v1::Ask::DEVICES, timeout);
}

}  // namespace motley::client
