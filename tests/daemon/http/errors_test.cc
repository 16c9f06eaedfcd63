#include "daemon/http/errors.h"

#include <gtest/gtest.h>

#include "daemon/http/answer/ids.h"
#include "daemon/http/documents.h"

namespace motley {
namespace {

TEST(ErrorJson, AlwaysHasAllFourKeys) {
  for (const Code code :
       {Code::kInvalidArgument, Code::kNotFound, Code::kUnsupported, Code::kOutOfMemory,
        Code::kDeviceLost, Code::kUnavailable, Code::kCancelled, Code::kInternal}) {
    const auto json = ErrorJson({.code = code});
    ASSERT_EQ(json["error"].size(), 4u);
    for (const char* key : {"message", "type", "param", "code"})
      EXPECT_TRUE(json["error"].contains(key));
    EXPECT_FALSE(json["error"]["message"].get<std::string>().empty());
    EXPECT_GE(FormOf({.code = code}).status, 400);
  }
}

TEST(ErrorJson, NamesTheFieldAndAppendsTheRemedy) {
  const auto json = ErrorJson(Error::Invalid("top_p", "top_p is 2").Fix("use 1"));
  EXPECT_EQ(
      ToText(json),
      R"({"error":{"message":"top_p is 2; use 1","type":"invalid_request_error","param":"top_p","code":"invalid_value"}})");
}

TEST(ErrorResponse, TellsWhenTryingAgainMakesSense) {
  EXPECT_TRUE(ErrorResponse(Error::Invalid("x", "y")).headers.empty());
  EXPECT_EQ(ErrorResponse(Error::Unavailable("busy")).headers.front().first, "Retry-After");
}

TEST(ToText, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(ToText(nlohmann::ordered_json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(PercentDecode, LeavesBrokenEscapesAlone) {
  EXPECT_EQ(PercentDecode("a%2Fb%20"), "a/b ");
  EXPECT_EQ(PercentDecode("%"), "%");
  EXPECT_EQ(PercentDecode("%4"), "%4");
  EXPECT_EQ(PercentDecode("%zz%-1"), "%zz%-1");
}

TEST(NewId, IsPlainAndNeverTheSame) {
  EXPECT_EQ(NewId("req-").size(), 28u);
  EXPECT_TRUE(IsPlainId(NewId("req-")));
  EXPECT_NE(NewId(""), NewId(""));
  EXPECT_FALSE(IsPlainId(""));
  EXPECT_FALSE(IsPlainId("a\r\nb"));
  EXPECT_FALSE(IsPlainId(std::string(129, 'a')));
}

}  // namespace
}  // namespace motley
