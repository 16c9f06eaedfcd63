#pragma once
// HTTP as the endpoints see it: no sockets, no Boost.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace motley {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string id;       // x-request-id: the client's if it is plain, else ours
  std::string method;   // "GET"
  std::string target;   // as sent, with the query
  HttpHeaders headers;  // names in lower case
  std::string body;
  bool loopback = true;  // came in over a TCP loopback listener; false: a unix socket

  // The first of that name (lower case); empty if there is none.
  std::string_view Header(std::string_view name) const;
  int CountHeader(std::string_view name) const;
  // The target without its query.
  std::string_view path() const;
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  HttpHeaders headers;
};

const char* ReasonPhrase(int status);

// Everything up to the blank line. Names and values in `response` must not hold line breaks (ours
// never do).
enum class BodyFraming { kLength, kChunked, kUntilClose };
std::string SerializeHead(const HttpResponse& response, BodyFraming framing, bool keep_alive);
// One chunk of a chunked body; `data` must not be empty.
std::string SerializeChunk(std::string_view data);

// What a stream says by itself; empty: nothing.
struct StreamTexts {
  std::string keep_alive;  // whenever nothing else was written for a while
  std::string cut;         // last of all, when the server stops before the stream has ended
};

// How one request is answered: either Send once, or StartStream, Write..., EndStream. Owned by
// whoever still has something to say; when the last owner lets go without an answer, the client
// gets a 500. Any thread may hold and release one.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Any thread: runs `task` soon on the server's thread, in the order of the calls. False: the
  // server has stopped and the task is dropped.
  virtual bool Post(std::function<void()> task) = 0;
  // Any thread: runs `task` on a helper, for what takes longer than a millisecond. False as above.
  virtual bool Assist(std::function<void()> task) = 0;

  // The rest only on the server's thread. All are without effect once the connection is gone.
  virtual void Send(const HttpResponse& response) = 0;
  // `head.body` is ignored.
  virtual void StartStream(const HttpResponse& head, StreamTexts texts) = 0;
  virtual void Write(std::string_view data) = 0;
  virtual void EndStream() = 0;
  // `closed` is called once if the client goes away before the answer is complete, at once if it
  // already has.
  virtual void OnClosed(std::function<void()> closed) = 0;
};

// Called on the server's thread for requests without a body, on one of its helpers for those with
// one. Must not block on a device; may throw (the client gets a 500).
using HttpHandler = std::function<void(HttpRequest, std::shared_ptr<Exchange>)>;

// From any thread: the whole answer.
void Reply(const std::shared_ptr<Exchange>& exchange, HttpResponse response);

}  // namespace motley
