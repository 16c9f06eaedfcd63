#pragma once
// One generation being answered: its choices run in the core, their events become JSON on the
// server's thread. A client that goes away cancels every choice within one step.

#include <atomic>
#include <memory>
#include <vector>

#include "daemon/http/prepare.h"
#include "daemon/http/server/message.h"

namespace motley {

class GenerationSession : public std::enable_shared_from_this<GenerationSession> {
 public:
  // `service` and its tokenizer must outlive the server. `headers` go with the answer.
  GenerationSession(Service& service, std::shared_ptr<Exchange> exchange,
                    PreparedGeneration prepared, const HttpRequest& request, int64_t created,
                    HttpHeaders headers);

  // Starts every choice; on a helper. If one is refused, the others are cancelled and the client
  // gets the error.
  void Begin();

 private:
  // On the core's thread, for each event: passes it on and returns at once.
  bool Deliver(size_t index, const GenerationEvent& event);
  // The rest on the server's thread.
  void Open();
  void OnEvent(size_t index, const GenerationEvent& event);
  void StreamEvent(Choice& choice, const GenerationEvent& event);
  void Keep(Choice& choice, const GenerationEvent& event);
  void Fail(Error error);
  void Complete();
  void Cancel();
  std::string prompt_param() const;

  Service& service_;
  const std::shared_ptr<Exchange> exchange_;
  PreparedGeneration prepared_;
  const std::string id_;
  const HttpHeaders headers_;
  std::unique_ptr<Answer> answer_;
  std::atomic<bool> cancelled_ = false;
  std::vector<uint64_t> running_;  // the core's numbers: written before Open, then read
  bool open_ = false, over_ = false;
  size_t finished_ = 0;
  std::vector<std::pair<size_t, GenerationEvent>> early_;  // events that came before Open
};

}  // namespace motley
