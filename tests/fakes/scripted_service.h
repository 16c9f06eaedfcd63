#pragma once
// A Service without a model, for tests of the doors: a thread of its own plays the core and gives
// every running request one toy token per step. What is said is decided by `script`.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/service.h"
#include "engine/template/chat.h"
#include "tests/fakes/toy_generation.h"

namespace motley {

class ScriptedService : public Service {
 public:
  // The whole reply to a request; the end token follows by itself.
  using Script = std::function<std::string(const Request&)>;

  // "0 1 2 3 ..." from the seed's last digit on, without end; greedy starts at 0.
  static std::string Count(const Request& request) {
    const uint64_t first = request.sampling.temperature == 0 ? 0 : request.sampling.seed % 10;
    std::string text;
    for (uint64_t i = first; text.size() < 4096; ++i) text += std::to_string(i) + " ";
    return text;
  }
  // What stands between the last message's role and its end, or the whole prompt.
  static std::string Echo(const Request& request) {
    std::string text = ToyTokenizer().Decode(request.prompt, Specials::kText);
    if (text.ends_with("assistant\n")) text.resize(text.size() - 11);
    const size_t user = text.rfind("user\n");
    return user == text.npos ? text : text.substr(user + 5);
  }

  explicit ScriptedService(Script script = Count, std::chrono::microseconds step = {})
      : script_(std::move(script)), step_(step), thread_([this] { Run(); }) {}
  ~ScriptedService() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // For tests.
  void SetState(ServiceState state) { state_ = state; }
  void RefuseWith(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(error);
    taken_before_refusal_ = 0;
  }
  // The first `requests` from now on are taken, later ones refused.
  void RefuseAfter(int requests, Error error) {
    const std::lock_guard lock(mutex_);
    taken_before_refusal_ = requests;
    refusal_ = std::move(error);
  }
  // The event after `tokens` of every later request is this error.
  void FailAfter(int tokens, Error error) {
    const std::lock_guard lock(mutex_);
    fail_after_ = tokens;
    failure_ = std::move(error);
  }
  void Hold(bool held) {  // no steps while held
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    changed_.notify_all();
  }
  std::vector<Request> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  int running() {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(running_.size());
  }
  // Waits (at most 20 s) until so many requests were cancelled or ended by their sink.
  bool WaitForCancelled(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return cancelled_ >= count; });
  }
  bool WaitForRunning(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return static_cast<int>(running_.size()) >= count; });
  }

  ServiceState state() const override { return state_; }
  double load_progress() const override { return state_ == ServiceState::kLoading ? 0.42 : 1.0; }
  std::vector<ModelCard> models() const override { return {card}; }
  const Tokenizer* tokenizer() const override { return &tokenizer_; }
  Result<std::string> RenderChat(nlohmann::ordered_json body) override {
    const auto variables = TRY(ChatVariables(body, {}, {}));
    std::string text;
    for (const auto& message : variables["messages"]) {
      text += "<|im_start|>" + message["role"].get<std::string>() + "\n" +
              message["content"].get<std::string>() + "<|im_end|>\n";
    }
    if (variables["add_generation_prompt"]) text += "<|im_start|>assistant\n";
    return text;
  }
  Result<std::vector<int32_t>> EncodeChat(nlohmann::ordered_json body) override {
    const auto variables = TRY(ChatVariables(body, {}, {}));
    std::vector<int32_t> ids = {ToyTokenizer::kBos};
    auto add = [&](const std::string& text, Specials specials) {
      const auto more = tokenizer_.Encode(text, specials, Bos::kNone);
      ids.insert(ids.end(), more.begin(), more.end());
    };
    for (const auto& message : variables["messages"]) {
      add("<|im_start|>" + message["role"].get<std::string>() + "\n", Specials::kParse);
      add(message["content"].get<std::string>(), Specials::kText);
      add("<|im_end|>\n", Specials::kParse);
    }
    if (variables["add_generation_prompt"]) add("<|im_start|>assistant\n", Specials::kParse);
    return ids;
  }
  Result<uint64_t> Generate(GenerationJob job, GenerationSink sink) override {
    const std::lock_guard lock(mutex_);
    if (refusal_ && taken_before_refusal_-- <= 0) return *refusal_;
    seen_.push_back(job.request);
    std::string reply = script_(job.request);
    running_.push_back({next_, std::make_shared<ToyGeneration>(std::move(job), std::move(sink),
                                                               std::move(reply))});
    if (failure_) running_.back().generation->FailAfter(fail_after_, *failure_);
    changed_.notify_all();
    return next_++;
  }
  void Cancel(uint64_t request) override {
    const std::lock_guard lock(mutex_);
    const auto entry = std::find_if(running_.begin(), running_.end(),
                                    [&](const Entry& e) { return e.number == request; });
    if (entry == running_.end()) return;
    running_.erase(entry);
    ++cancelled_;
    changed_.notify_all();
  }
  nlohmann::json Devices() override { return {{"devices", {{{"id", "cpu0"}}}}}; }
  nlohmann::json CurrentPlan() override { return {{"plan_id", "toy"}}; }
  nlohmann::json Status() override { return {{"models", {{{"id", card.id}}}}}; }
  std::string Metrics() override { return "motley_requests_running 0\n"; }

  ModelCard card = {.id = "toy-model",
                    .family = "toy",
                    .quantization = "Q8_0",
                    .created = 1'700'000'000,
                    .file_bytes = 1 << 20,
                    .parameters = 1000,
                    .context_tokens = 512,
                    .vocabulary = ToyTokenizer::kSize};

 private:
  struct Entry {
    uint64_t number;
    std::shared_ptr<ToyGeneration> generation;
  };

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || (!running_.empty() && !held_); });
      if (stopping_) return;
      const std::vector<Entry> batch = running_;
      lock.unlock();
      std::set<uint64_t> over;
      for (const Entry& entry : batch) {
        if (!entry.generation->Step()) over.insert(entry.number);
      }
      if (step_.count() > 0) std::this_thread::sleep_for(step_);
      lock.lock();
      std::erase_if(running_, [&](const Entry& entry) { return over.contains(entry.number); });
      for (const Entry& entry : batch) cancelled_ += entry.generation->TakeUnwanted();
      changed_.notify_all();
    }
  }

  const Script script_;
  const std::chrono::microseconds step_;
  const ToyTokenizer tokenizer_;
  std::atomic<ServiceState> state_ = ServiceState::kReady;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> running_;
  std::vector<Request> seen_;
  std::optional<Error> refusal_;
  std::optional<Error> failure_;
  int taken_before_refusal_ = 0, fail_after_ = 0, cancelled_ = 0;
  uint64_t next_ = 1;
  bool held_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace motley
