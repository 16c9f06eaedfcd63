#include "daemon/http/guard.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

TEST(IsLoopbackHost, KnowsThisMachinesNames) {
  for (const char* host : {"localhost", "LocalHost:80", "127.0.0.1", "127.0.0.1:6685", "127.1.2.3",
                           "[::1]", "[::1]:6685"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "evil.example:6685", "localhost:x", "0.0.0.0", "[::2]", "::1",
                           "192.168.0.1", "127.0.0.1@evil.example", "localhost:80:80"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

HttpRequest With(HttpHeaders headers, bool loopback) {
  HttpRequest request;
  request.headers = std::move(headers);
  request.loopback = loopback;
  return request;
}

TEST(RefuseForeign, ChecksHostOverTcpOnly) {
  EXPECT_FALSE(RefuseForeign(With({{"host", "localhost"}}, true)));
  EXPECT_EQ(RefuseForeign(With({{"host", "evil.example"}}, true))->status, 403);
  EXPECT_EQ(RefuseForeign(With({}, true))->status, 400);
  EXPECT_FALSE(RefuseForeign(With({{"host", "anything"}}, false)));
  EXPECT_FALSE(RefuseForeign(With({}, false)));
}

TEST(RefuseForeign, ChecksOriginEverywhere) {
  EXPECT_EQ(RefuseForeign(With({{"origin", "https://evil.example"}}, false))->status, 403);
  EXPECT_EQ(RefuseForeign(With({{"origin", ""}}, false))->status, 403);
  EXPECT_EQ(RefuseForeign(With({{"origin", "file://"}}, false))->status, 403);
  EXPECT_FALSE(RefuseForeign(With({{"origin", "http://[::1]:8080"}}, false)));
}

}  // namespace
}  // namespace motley
