// Streams of the server by itself: who leaves, who does not read, and how it stops.

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/daemon/http/plain_server.h"

namespace motley {
namespace {

using std::chrono::milliseconds;

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
  PlainServer server(streams.handler());
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
  PlainServer server(streams.handler());
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
  PlainServer server(streams.handler());
  RawClient client(server.port());
  client.Say(kGet);
  ASSERT_TRUE(streams.WaitOpened());
  client.Close();
  EXPECT_TRUE(streams.WaitClosed());
}

TEST(HttpServer, CutsAStreamThatItsOwnerForgets) {
  OpenStreams streams;
  PlainServer server(streams.handler());
  RawClient client(server.port());
  client.Say(kGet);
  ASSERT_TRUE(streams.WaitOpened());
  streams.Release();
  EXPECT_EQ(client.ReadHead().status, 200);
  EXPECT_EQ(client.ReadToEnd(), "") << "no last chunk: the client sees that it was cut";
}

TEST(HttpServer, FillsSilenceWithTheKeepAliveText) {
  OpenStreams streams;
  PlainServer server(streams.handler({.keep_alive = "tick"}), {.keep_alive = milliseconds(20)});
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
    PlainServer server(streams.handler(), limits);
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
  PlainServer server(streams.handler());
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
  PlainServer server(streams.handler({.cut = "stopping"}));
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

//   12 MB --> [ unsent | socket ] --> a client that reads only once the stop has come
TEST(HttpServer, CutsAStreamInTheMiddleOfAWriteWithItsLastWord) {
  OpenStreams streams;
  PlainServer server(streams.handler({.cut = "stopping"}), {.last_words = std::chrono::minutes(1)});
  RawClient client(server.port(), 4096);
  client.Say(kGet);
  ASSERT_TRUE(streams.WaitOpened());
  for (int i = 0; i < 120; ++i) {
    streams.Do([](Exchange& e) { e.Write(std::string(100'000, 'x')); });
  }
  std::thread stopper([&] { server->Stop(milliseconds(0)); });
  EXPECT_TRUE(streams.WaitClosed());
  EXPECT_TRUE(client.ReadToEnd().ends_with("8\r\nstopping\r\n0\r\n\r\n"));
  stopper.join();
}

}  // namespace
}  // namespace motley
