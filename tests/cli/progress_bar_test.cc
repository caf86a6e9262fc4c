#include "daemon/cli/progress_bar.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rules/base/language.h"

// What a person sees while the portal is read.

namespace b24 {
namespace {

TEST(ProgressBarTest, SaysHowFarHowFastAndHowLong) {
  const struct {
    Progress progress;
    milliseconds elapsed;
    std::string line;
  } cases[] = {
      {{.rows = 0, .expected = {}, .requests = 1}, milliseconds{0}, "строк: 0, запросов: 1"},
      {{.rows = 500, .expected = 1000, .requests = 2},
       seconds{1},
       "[######......]  50 %  строк: 500, запросов: 2"},
      {{.rows = 500, .expected = 1000, .requests = 2},
       seconds{2},
       "[######......]  50 %  строк: 500 (250/с), запросов: 2, ещё 2 с"},
      {{.rows = 1000, .expected = 1000, .requests = 4},
       seconds{4},
       "[############] 100 %  строк: 1000 (250/с), запросов: 4"},
      {{.rows = 500, .expected = {}, .requests = 2}, seconds{2}, "строк: 500 (250/с), запросов: 2"},
  };
  for (const auto& c : cases) EXPECT_EQ(progress_line(c.progress, c.elapsed), c.line);
  set_language(Language::en);
  EXPECT_EQ(progress_line({.rows = 500, .expected = 1000, .requests = 2}, seconds{2}),
            "[######......]  50 %  rows: 500 (250/s), requests: 2, 2 s left");
  set_language(Language::ru);
}

TEST(ProgressBarTest, FitsInALineOfATerminal) {
  const std::string line =
      progress_line({.rows = 9'999'999, .expected = 99'999'999, .requests = 199'999}, seconds{999});
  // Bytes that begin a letter.
  const auto columns =
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
  EXPECT_LT(columns, 80) << line;
}

}  // namespace
}  // namespace b24
