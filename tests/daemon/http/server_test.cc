// The server by itself, with handlers that say what came: framing, limits, time-outs, order.

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/daemon/http/plain_server.h"

namespace motley {
namespace {

using std::chrono::milliseconds;

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  PlainServer server;
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
  PlainServer server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
  }
  client.Say(all);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.Read().body, "POST /" + std::to_string(i) + " 2");
}

TEST(HttpServer, TakesARequestByteByByte) {
  PlainServer server;
  RawClient client(server.port());
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                  "chunked\r\n\r\n2\r\nab\r\n1;e=1\r\nc\r\n0\r\n\r\n")) {
    client.Say(std::string(1, c));
  }
  EXPECT_EQ(client.Read().body, "POST /x 3");
}

TEST(HttpServer, EchoesAPlainRequestIdAndNoOther) {
  PlainServer server;
  EXPECT_EQ(server.Ask("GET / HTTP/1.1\r\nX-Request-Id: abc-1\r\n\r\n").headers.at("x-request-id"),
            "abc-1");
  EXPECT_NE(server.Ask("GET / HTTP/1.1\r\nX-Request-Id: a b\r\n\r\n").headers.at("x-request-id"),
            "a b");
}

TEST(HttpServer, RefusesBrokenRequestsAndCloses) {
  PlainServer server;
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
  PlainServer server;
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
  PlainServer server(Describe, {.body_bytes = 1000});
  RawClient client(server.port());
  client.Say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) client.Say(chunk);
  EXPECT_EQ(client.Read().status, 413);
}

TEST(HttpServer, CountsChunks) {
  PlainServer server(Describe, {.chunks = 10});
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    chunk = "1\r\nx\r\n";
  std::string ten, eleven;
  for (int i = 0; i < 9; ++i) ten += chunk;  // the last one counts too
  eleven = ten + chunk;
  EXPECT_EQ(server.Ask(head + ten + "0\r\n\r\n").body, "POST / 9");
  EXPECT_EQ(server.Ask(head + eleven + "0\r\n\r\n").status, 400);
}

TEST(HttpServer, SaysContinueToThoseWhoWait) {
  PlainServer server;
  RawClient client(server.port());
  client.Say("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Say("ab");
  EXPECT_EQ(client.Read().body, "POST /x 2");
}

TEST(HttpServer, TimesOutSlowHeadersBodiesAndIdlers) {
  PlainServer server(
      Describe,
      {.header = milliseconds(100), .body = milliseconds(100), .idle = milliseconds(100)});
  EXPECT_EQ(server.Ask("GET / HT").status, 408);
  EXPECT_EQ(server.Ask("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab").status, 408);
  RawClient idle(server.port());
  EXPECT_EQ(idle.ReadToEnd(), "");
}

TEST(HttpServer, BoundsTheBytesOfAllBodies) {
  PlainServer server(Describe, {.all_bodies_bytes = 1000});
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
  PlainServer server(Describe, {.connections = 2});
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
  PlainServer server;
  RawClient client(server.port());
  client.Say(std::string("HEAD /a HTTP/1.1\r\n\r\n") + kGet);
  EXPECT_EQ(client.ReadHead().headers.at("Content-Length"), "9");
  EXPECT_EQ(client.Read().body, "GET /a 0");
}

TEST(HttpServer, ClosesAfterHttp10AndWhenAsked) {
  PlainServer server;
  for (const char* text :
       {"GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    RawClient client(server.port());
    client.Say(text);
    EXPECT_EQ(client.Read().body, "GET /a 0");
    EXPECT_EQ(client.ReadToEnd(), "");
  }
}

TEST(HttpServer, StillAnswersAClientThatClosedItsSendingHalf) {
  PlainServer server;
  RawClient client(server.port());
  client.Say("POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
  client.CloseSending();
  EXPECT_EQ(client.Read().body, "POST /x 2");
}

TEST(HttpServer, GivesA500WhenAHandlerThrowsOrForgets) {
  PlainServer server([](HttpRequest request, std::shared_ptr<Exchange>) {
    if (request.target == "/throw") throw std::runtime_error("no");
  });
  EXPECT_EQ(server.Ask("POST /throw HTTP/1.1\r\nContent-Length: 1\r\n\r\nx").status, 500);
  EXPECT_EQ(server.Ask("GET /throw HTTP/1.1\r\n\r\n").status, 500);
  EXPECT_EQ(server.Ask("GET /forget HTTP/1.1\r\n\r\n").status, 500);
}

}  // namespace
}  // namespace motley
