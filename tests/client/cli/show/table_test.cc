#include <gtest/gtest.h>

#include <clocale>

#include "client/cli/output.h"
#include "client/cli/show/png.h"

namespace motley {
namespace {

TEST(Table, TheElasticColumnGivesWayOnANarrowScreen) {
  Table table({"ID", "NAME", "STATE"});
  table.Elastic(1).Add({"cpu0", "Intel(R) Xeon(R) Processor (2 cores)", "ready"});
  EXPECT_EQ(table.Text(30), "ID    NAME               STATE\ncpu0  Intel(R) Xeon(R)~  ready\n");
  EXPECT_NE(table.Text(0).find("(2 cores)"), std::string::npos);
  EXPECT_EQ(table.Text(200), table.Text(0));
  EXPECT_NE(table.Text(3).find("Intel"), std::string::npos) << "not narrower than is readable";
}

TEST(Table, NoCellMovesTheCursor) {
  Table table({"NAME"});
  table.Add({"a\nb\x1b[31m\x7f\xff"});
  EXPECT_EQ(table.Text(), "NAME\na b [31m ?\n");
}

TEST(Table, ABarInACellEndsNoCellOfMarkdown) {
  Table table({"FIX"});
  table.Add({"lspci | grep x"});
  EXPECT_EQ(table.Markdown(), "| FIX |\n| --- |\n| lspci \\| grep x |\n");
}

TEST(Plain, KeepsWhatTheLocaleCanShow) {
  EXPECT_EQ(Plain("GPU\u00ae \u00fc", true), "GPU\u00ae \u00fc");
  EXPECT_EQ(Plain("GPU\u00ae \u00fc", false), "GPU? ?");
  EXPECT_EQ(Plain("a\u009b31m", true), "a 31m") << "a control sequence of one character";
}

TEST(Theme, OneThemeHasItsOwnRulesOnly) {
  const std::string svg =
      "<style>a { x } @media (prefers-color-scheme: dark) { a { y } b { z } } c</style>";
  EXPECT_EQ(InTheme(svg, Theme::kOfViewer), svg);
  EXPECT_EQ(InTheme(svg, Theme::kLight), "<style>a { x }  c</style>");
  EXPECT_EQ(InTheme(svg, Theme::kDark), "<style>a { x }  a { y } b { z }  c</style>");
  EXPECT_EQ(InTheme("<svg/>", Theme::kDark), "<svg/>");
}

}  // namespace
}  // namespace motley
