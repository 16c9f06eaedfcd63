// The server by itself, with handlers that say what came: framing, limits, time-outs, order.

#include "daemon/http/server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/daemon/http/raw_client.h"

namespace motley {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// "POST /x 3": method, target and body bytes.
void Describe(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  HttpResponse response;
  response.body = request.method + " " + request.target + " " + std::to_string(request.body.size());
  Reply(exchange, std::move(response));
}

class Server {
 public:
  explicit Server(HttpHandler handler = Describe, HttpLimits limits = {})
      : server_(HttpServer::Start({.listen = {"127.0.0.1:0"}, .limits = limits}, std::move(handler),
                                  RealClock())
                    .ReleaseValue()) {}
  uint16_t port() const { return server_->port(); }
  HttpServer* operator->() { return server_.get(); }
  // One request on a connection of its own.
  RawAnswer Ask(std::string_view text) const {
    RawClient client(port());
    client.Say(text);
    return client.Read();
  }

 private:
  std::unique_ptr<HttpServer> server_;
};

constexpr char kGet[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  Server server;
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Say(kGet);
    const RawAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a 0");
    EXPECT_EQ(answer.headers.at("Connection"), "keep-alive");
    EXPECT_EQ(answer.headers.at("x-request-id").substr(0, 4), "req-");
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  Server server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
  }
  client.Say(all);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.Read().body, "POST /" + std::to_string(i) + " 2");
}

TEST(HttpServer, TakesARequestByteByByte) {
  Server server;
  RawClient client(server.port());
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                  "chunked\r\n\r\n2\r\nab\r\n1;e=1\r\nc\r\n0\r\n\r\n")) {
    client.Say(std::string(1, c));
  }
  EXPECT_EQ(client.Read().body, "POST /x 3");
}

TEST(HttpServer, EchoesAPlainRequestIdAndNoOther) {
  Server server;
  EXPECT_EQ(server.Ask("GET / HTTP/1.1\r\nX-Request-Id: abc-1\r\n\r\n").headers.at("x-request-id"),
            "abc-1");
  EXPECT_NE(server.Ask("GET / HTTP/1.1\r\nX-Request-Id: a b\r\n\r\n").headers.at("x-request-id"),
            "a b");
}

TEST(HttpServer, RefusesBrokenRequestsAndCloses) {
  Server server;
  for (const char* text : {
           "\r\n\r\n\r\n\r\n",
           "GARBAGE\r\n\r\n",
           "GET\r\n\r\n",
           "GET / HTTP/9.9\r\n\r\n",
           "GET / SMTP/1.1\r\n\r\n",
           "GET /a b HTTP/1.1\r\n\r\n",
           "G\x01T / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nno colon\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
           "GET / HTTP/1.1\r\n: x\r\n\r\n",
           "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
           "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\nx",
           "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
       }) {
    RawClient client(server.port());
    client.Say(text);
    const RawAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 400) << text;
    ASSERT_TRUE(answer.json().contains("error")) << text << answer.body;
    EXPECT_EQ(answer.json()["error"].size(), 4u);
    EXPECT_EQ(client.ReadToEnd(), "") << "nothing after a framing error: " << text;
  }
  EXPECT_EQ(server.Ask(kGet).status, 200);
}

TEST(HttpServer, RefusesTooLargeHeadersAndBodies) {
  Server server;
  const std::string large(17 << 10, 'a');
  EXPECT_EQ(server.Ask("GET / HTTP/1.1\r\nA: " + large + "\r\n\r\n").status, 431);
  EXPECT_EQ(server.Ask("GET /" + large + " HTTP/1.1\r\n\r\n").status, 431);
  EXPECT_EQ(server.Ask("POST / HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n").status, 413);
  EXPECT_EQ(
      server.Ask("POST / HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n" + std::string(8 << 20, 'x'))
          .body,
      "POST / 8388608");
}

TEST(HttpServer, TellsAClientThatStillSendsThatItsBodyIsTooLarge) {
  Server server(Describe, {.body_bytes = 1000});
  RawClient client(server.port());
  client.Say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) client.Say(chunk);
  EXPECT_EQ(client.Read().status, 413);
}

TEST(HttpServer, CountsChunks) {
  Server server(Describe, {.chunks = 10});
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    chunk = "1\r\nx\r\n";
  std::string ten, eleven;
  for (int i = 0; i < 9; ++i) ten += chunk;  // the last one counts too
  eleven = ten + chunk;
  EXPECT_EQ(server.Ask(head + ten + "0\r\n\r\n").body, "POST / 9");
  EXPECT_EQ(server.Ask(head + eleven + "0\r\n\r\n").status, 400);
}

TEST(HttpServer, SaysContinueToThoseWhoWait) {
  Server server;
  RawClient client(server.port());
  client.Say("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Say("ab");
  EXPECT_EQ(client.Read().body, "POST /x 2");
}

TEST(HttpServer, TimesOutSlowHeadersBodiesAndIdlers) {
  Server server(
      Describe,
      {.header = milliseconds(100), .body = milliseconds(100), .idle = milliseconds(100)});
  EXPECT_EQ(server.Ask("GET / HT").status, 408);
  EXPECT_EQ(server.Ask("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab").status, 408);
  RawClient idle(server.port());
  EXPECT_EQ(idle.ReadToEnd(), "");
}

TEST(HttpServer, BoundsTheBytesOfAllBodies) {
  Server server(Describe, {.all_bodies_bytes = 1000});
  RawClient first(server.port());
  first.Say("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 900\r\n\r\n");
  first.ReadUntil("\r\n\r\n");
  const std::string second =
      "POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x');
  EXPECT_EQ(server.Ask(second).status, 503);
  first.Say(std::string(900, 'x'));
  EXPECT_EQ(first.Read().status, 200);
  EXPECT_EQ(server.Ask(second).status, 200) << "the first one's bytes were given back";
}

TEST(HttpServer, BoundsTheConnections) {
  Server server(Describe, {.connections = 2});
  RawClient a(server.port()), b(server.port());
  for (RawClient* client : {&a, &b}) {
    client->Say(kGet);
    EXPECT_EQ(client->Read().status, 200);
  }
  RawClient c(server.port());
  EXPECT_EQ(c.Read().status, 503);
  b.Close();
  int status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i) status = server.Ask(kGet).status;
  EXPECT_EQ(status, 200) << "a place was free again";
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  Server server;
  RawClient client(server.port());
  client.Say(std::string("HEAD /a HTTP/1.1\r\n\r\n") + kGet);
  EXPECT_EQ(client.ReadHead().headers.at("Content-Length"), "9");
  EXPECT_EQ(client.Read().body, "GET /a 0");
}

TEST(HttpServer, ClosesAfterHttp10AndWhenAsked) {
  Server server;
  for (const char* text :
       {"GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    RawClient client(server.port());
    client.Say(text);
    EXPECT_EQ(client.Read().body, "GET /a 0");
    EXPECT_EQ(client.ReadToEnd(), "");
  }
}

TEST(HttpServer, StillAnswersAClientThatClosedItsSendingHalf) {
  Server server;
  RawClient client(server.port());
  client.Say("POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
  client.CloseSending();
  EXPECT_EQ(client.Read().body, "POST /x 2");
}

TEST(HttpServer, GivesA500WhenAHandlerThrowsOrForgets) {
  Server server([](HttpRequest request, std::shared_ptr<Exchange>) {
    if (request.target == "/throw") throw std::runtime_error("no");
  });
  EXPECT_EQ(server.Ask("POST /throw HTTP/1.1\r\nContent-Length: 1\r\n\r\nx").status, 500);
  EXPECT_EQ(server.Ask("GET /throw HTTP/1.1\r\n\r\n").status, 500);
  EXPECT_EQ(server.Ask("GET /forget HTTP/1.1\r\n\r\n").status, 500);
}

// A handler that opens a stream and lets the test go on with it.
class OpenStreams {
 public:
  HttpHandler handler(StreamTexts texts = {}) {
    return [this, texts](HttpRequest, std::shared_ptr<Exchange> exchange) {
      exchange->Post([this, texts, exchange] {
        exchange->StartStream({.content_type = "text/event-stream"}, texts);
        exchange->OnClosed([this] { Count(closed_); });
        const std::lock_guard lock(mutex_);
        exchange_ = exchange;
        ++opened_;
        changed_.notify_all();
      });
    };
  }
  ~OpenStreams() { Release(); }
  bool WaitOpened() { return Wait(opened_); }
  bool WaitClosed() { return Wait(closed_); }
  void Do(std::function<void(Exchange&)> what) {
    exchange_->Post([exchange = exchange_, what] { what(*exchange); });
  }
  void Release() { exchange_.reset(); }

 private:
  void Count(int& counter) {
    const std::lock_guard lock(mutex_);
    ++counter;
    changed_.notify_all();
  }
  bool Wait(int& counter) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return counter > 0; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int opened_ = 0, closed_ = 0;
  std::shared_ptr<Exchange> exchange_;
};

TEST(HttpServer, StreamsInChunksAndGoesOnAfterwards) {
  OpenStreams streams;
  Server server(streams.handler());
  RawClient client(server.port());
  client.Say(kGet);
  EXPECT_EQ(client.ReadHead().headers.at("Transfer-Encoding"), "chunked");
  ASSERT_TRUE(streams.WaitOpened());
  streams.Do([](Exchange& e) { e.Write("one"); });
  EXPECT_EQ(client.ReadChunk(), "one");
  streams.Do([](Exchange& e) {
    e.Write("two");
    e.EndStream();
    e.Write("late");
  });
  EXPECT_EQ(client.ReadChunk(), "two");
  EXPECT_EQ(client.ReadChunk(), "");
  client.Say(kGet);
  EXPECT_EQ(client.ReadHead().status, 200);
}

TEST(HttpServer, StreamsToHttp10UntilItCloses) {
  OpenStreams streams;
  Server server(streams.handler());
  RawClient client(server.port());
  client.Say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(client.ReadHead().headers.contains("Transfer-Encoding"));
  ASSERT_TRUE(streams.WaitOpened());
  streams.Do([](Exchange& e) {
    e.Write("text");
    e.EndStream();
  });
  EXPECT_EQ(client.ReadToEnd(), "text");
}

TEST(HttpServer, SeesAClientLeaveWhileNothingIsSent) {
  OpenStreams streams;
  Server server(streams.handler());
  RawClient client(server.port());
  client.Say(kGet);
  ASSERT_TRUE(streams.WaitOpened());
  client.Close();
  EXPECT_TRUE(streams.WaitClosed());
}

TEST(HttpServer, CutsAStreamThatItsOwnerForgets) {
  OpenStreams streams;
  Server server(streams.handler());
  RawClient client(server.port());
  client.Say(kGet);
  ASSERT_TRUE(streams.WaitOpened());
  streams.Release();
  EXPECT_EQ(client.ReadHead().status, 200);
  EXPECT_EQ(client.ReadToEnd(), "") << "no last chunk: the client sees that it was cut";
}

TEST(HttpServer, FillsSilenceWithTheKeepAliveText) {
  OpenStreams streams;
  Server server(streams.handler({.keep_alive = "tick"}), {.keep_alive = milliseconds(20)});
  RawClient client(server.port());
  client.Say(kGet);
  client.ReadHead();
  EXPECT_EQ(client.ReadChunk(), "tick");
  EXPECT_EQ(client.ReadChunk(), "tick");
}

TEST(HttpServer, DropsAClientThatDoesNotRead) {
  for (const bool much : {true, false}) {
    HttpLimits limits = {
        .stream_queue_bytes = 64 << 10, .stream_queue_most = 1 << 20, .stall = milliseconds(100)};
    if (much) limits.stall = milliseconds(600'000);
    OpenStreams streams;
    Server server(streams.handler(), limits);
    RawClient client(server.port(), 4096);
    client.Say(kGet);
    ASSERT_TRUE(streams.WaitOpened());
    // Kernel buffers swallow some megabytes first.
    for (int i = 0; i < (much ? 400 : 60); ++i) {
      streams.Do([](Exchange& e) { e.Write(std::string(100'000, 'x')); });
    }
    EXPECT_TRUE(streams.WaitClosed())
        << (much ? "over the hard limit" : "over the soft limit for too long");
  }
}

TEST(HttpServer, LetsRunningAnswersEndWhenItStops) {
  OpenStreams streams;
  Server server(streams.handler());
  RawClient busy(server.port()), idle(server.port());
  busy.Say(kGet);
  idle.Say(std::string("BAD"));
  busy.ReadHead();
  ASSERT_TRUE(streams.WaitOpened());
  std::thread stopper([&] { server->Stop(std::chrono::seconds(60)); });
  streams.Do([](Exchange& e) {
    e.Write("last");
    e.EndStream();
  });
  EXPECT_EQ(busy.ReadChunk(), "last");
  stopper.join();
  EXPECT_FALSE(RawClient(server.port()).connected());
}

TEST(HttpServer, CutsWhatDoesNotEndWhenItStops) {
  OpenStreams streams;
  Server server(streams.handler({.cut = "stopping"}));
  RawClient client(server.port());
  client.Say(kGet);
  ASSERT_TRUE(streams.WaitOpened());
  server->Stop(milliseconds(0));
  EXPECT_TRUE(streams.WaitClosed());
  client.ReadHead();
  EXPECT_EQ(client.ReadChunk(), "stopping");
  EXPECT_EQ(client.ReadChunk(), "");
  bool posted = true;
  streams.Do([&](Exchange&) { posted = false; });
  EXPECT_TRUE(posted) << "a task after the end is dropped";
}

}  // namespace
}  // namespace motley
