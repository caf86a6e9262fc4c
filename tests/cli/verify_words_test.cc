#include "daemon/cli/verify_words.h"

#include <gtest/gtest.h>

namespace b24 {
namespace {

TEST(VerifyWords, SayWhyDetailsWereNotCompared) {
  const std::string title{list_name(Detail::deal_comment)};
  DetailVerdict verdict{.detail = Detail::deal_comment};
  EXPECT_EQ(about_details(verdict), title + ": не сверялись, ещё не прочитаны");
  verdict.problem = "портал не отвечает";
  EXPECT_EQ(about_details(verdict), title + ": не сверялись, портал не отвечает");
  verdict.needed = false;
  EXPECT_EQ(about_details(verdict), title + ": не сверялись, не нужны ни одному правилу");
}

}  // namespace
}  // namespace b24
