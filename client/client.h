#pragma once
// A program's door to a running motleyd on the same machine:
//
//   auto client = client::Client::Connect("ipc:///run/motley/rpc.sock", std::chrono::seconds(2));
//   client::GenerateRequest request;
//   request.messages_json = R"([{"role":"user","content":"Why is the sky blue?"}])";
//   auto generation = client->Generate(request);
//   for (const std::string& text : *generation) std::cout << text << std::flush;
//   if (!generation->status().ok()) ...
//
// Every call has a deadline; passing it is Cancelled. Errors else: Unavailable (nobody listens, the
// server went away), those of the server, named by field. Nothing throws. A Client may be used by
// any threads, a Generation by one at a time; a Generation may outlive its Client and then ends
// with Unavailable.

#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace motley::client {

using Milliseconds = std::chrono::milliseconds;

// One of `prompt`, `tokens` and `messages_json`. What is left out takes the server's default; the
// ranges are those of the HTTP door.
struct GenerateRequest {
  std::optional<std::string> prompt;  // plain completion; special tokens in it are parsed
  std::vector<int32_t> tokens;        // plain completion of these ids
  // A chat through the model's template: an array of messages, or an object with "messages" and
  // any of "tools", "tool_choice", "chat_template_kwargs".
  std::string messages_json;

  std::string model;
  std::optional<int> max_tokens, min_tokens, top_k;
  std::optional<double> temperature, top_p, min_p;
  std::optional<double> repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<int64_t> seed;
  std::vector<std::string> stop;
  bool ignore_eos = false;
  std::optional<int> logprobs;  // alternatives per token, 0 to 20
  std::map<int32_t, double> logit_bias;
};

struct Token {
  int32_t id = 0;
  float logprob = 0;                           // natural logarithm
  std::vector<std::pair<int32_t, float>> top;  // best first
};

// Valid UTF-8 that may be shown, and the tokens that came since the last piece. Either may be
// empty.
struct Piece {
  std::string text;
  std::vector<Token> tokens;
};

enum class Reason { kStop, kLength, kCancelled };

struct StageMs {
  std::string device;
  int first_item = 0, last_item = 0;  // inclusive
  double ms = 0;
};

// How a generation ended and what it took.
struct Ending {
  Reason reason = Reason::kStop;
  int prompt_tokens = 0, generated_tokens = 0;
  double queue_ms = 0, prompt_ms = 0, generated_ms = 0;
  std::string plan_id;
  std::vector<StageMs> stages;
};

// One answer on its way. Destroying it cancels it.
class Generation {
 public:
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) noexcept;
  ~Generation();

  // The next piece; nothing once it has ended. An empty piece when `wait` passes first.
  Result<std::optional<Piece>> Next(Milliseconds wait = Milliseconds::max());
  // The end is then told as kCancelled, unless it has come already. Any thread.
  void Cancel();

  // Texts in order, until the end or an error: see status(). Once only.
  class Iterator;
  Iterator begin();
  Iterator end();
  Status status() const;  // ok so far
  // Once Next has told the end.
  const std::optional<Ending>& ending() const;

 private:
  friend class Client;
  struct State;
  explicit Generation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Generation::Iterator {
 public:
  using value_type = std::string;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;
  using pointer = const std::string*;
  using reference = const std::string&;

  reference operator*() const { return text_; }
  pointer operator->() const { return &text_; }
  Iterator& operator++();
  bool operator==(const Iterator& other) const { return generation_ == other.generation_; }

 private:
  friend class Generation;
  explicit Iterator(Generation* generation) : generation_(generation) {}
  Generation* generation_;  // nullptr: the end
  std::string text_;
};

class Client {
 public:
  // `address` is ipc:///path, as motleyd --rpc was given it. Waits for a server to appear there.
  static Result<Client> Connect(const std::string& address,
                                Milliseconds timeout = std::chrono::seconds(5));
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Sent at once, not waited for: a refusal is what Next tells. All of it must end in `timeout`.
  Result<Generation> Generate(const GenerateRequest& request,
                              Milliseconds timeout = std::chrono::minutes(10));
  // JSON of docs/formats.md. Devices asks every driver, which may take seconds.
  Result<std::string> Status(Milliseconds timeout = std::chrono::seconds(5));
  Result<std::string> Plan(Milliseconds timeout = std::chrono::seconds(5));
  Result<std::string> Devices(Milliseconds timeout = std::chrono::seconds(30));

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace motley::client
