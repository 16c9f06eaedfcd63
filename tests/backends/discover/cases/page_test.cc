#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "backends/discover/cases.h"

namespace motley {
namespace {

TEST(CasesPage, IsMadeFromTheTable) {
  const std::string path = std::string(SOURCE_FOLDER) + "/docs/cases.md";
  if (std::getenv("MOTLEY_UPDATE_DOCS") != nullptr) std::ofstream(path) << CasesPage();
  std::ifstream file(path);
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_TRUE(page.str() == CasesPage())
      << "docs/cases.md is not that of the table; run this program with MOTLEY_UPDATE_DOCS=1. "
         "It should be:\n"
      << CasesPage();
}

}  // namespace
}  // namespace motley
