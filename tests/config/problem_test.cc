#include "config/problem.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "config/utf8.h"
#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

TEST(NearestTest, FindsWhatWasMeant) {
  const std::vector<std::string> keys = {"above", "below", "metric", "by", "for", "longer_than"};
  const struct {
    const char* word;
    const char* wanted;
  } cases[] = {
      {"abvoe", "above"},   // swapped neighbours count once
      {"abov", "above"},    // missing
      {"abovee", "above"},  // extra
      {"belov", "below"},   // changed
      {"longr_then", "longer_than"},
      {"fot", "for"},        // one mistake in three letters
      {"ьуекшс", "metric"},  // the Russian layout was on
      {"ищтпук_ерфт", ""},   // two layouts away from anything
      {"аbоvе", "above"},    // Cyrillic а, о, е
      {"bx", ""},            // half of a short word
      {"fit", ""},           // two of three letters
      {"above", ""},         // right already
      {"colour", ""},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(nearest(c.word, keys), c.wanted) << c.word;
  EXPECT_EQ(nearest(std::string(100000, 'a'), keys), "");
  EXPECT_EQ(nearest("\xFF\xFE", keys), "");
}

TEST(NearestTest, NamesLookalikes) {
  const std::vector<std::string> keys = {"above", "for"};
  const auto letters = lookalikes("abоvе", keys);
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].position, 2U);
  EXPECT_EQ(letters[0].cyrillic, "о");
  EXPECT_EQ(letters[0].latin, "o");
  EXPECT_EQ(letters[1].position, 4U);
  EXPECT_TRUE(lookalikes("above", keys).empty());
  EXPECT_TRUE(lookalikes("аbovve", keys).empty());
  EXPECT_TRUE(lookalikes("порог", keys).empty());
}

Problem problem_at(const std::string& file, int line, int column, int width) {
  return {"R101", Severity::error, {file, line, column}, width, {"текст", "text"}};
}

TEST(FormatTest, ShowsTheSourceLine) {
  const TempFolder folder;
  const std::string file =
      folder.write("a.yaml", "\xEF\xBB\xBFпервая: 1\r\n\tимя: «щ»\nпоследняя: 2").string();
  EXPECT_EQ(format(problem_at(file, 1, 1, 6)),
            file + ":1:1: ошибка R101: текст\n  1 | первая: 1\n    | ^~~~~~");
  EXPECT_EQ(format(problem_at(file, 2, 2, 3)),
            file + ":2:2: ошибка R101: текст\n  2 | \tимя: «щ»\n    | \t^~~");
  EXPECT_EQ(format(problem_at(file, 3, 12, 99)),
            file + ":3:12: ошибка R101: текст\n  3 | последняя: 2\n    |            ^");
  EXPECT_EQ(format(problem_at(file, 9, 1, 1)), file + ":9:1: ошибка R101: текст");
  EXPECT_EQ(format(problem_at("no/such/file", 1, 1, 1)), "no/such/file:1:1: ошибка R101: текст");
  EXPECT_EQ(format(problem_at(file, 0, 0, 1)), file + ": ошибка R101: текст");
  EXPECT_EQ(format(problem_at("", 0, 0, 1)), "ошибка R101: текст");
}

TEST(FormatTest, SpeaksEnglish) {
  Problem problem = problem_at("a.yaml", 3, 5, 1);
  problem.severity = Severity::warning;
  EXPECT_EQ(format_line(problem), "a.yaml:3:5: предупреждение R101: текст");
  set_language(Language::en);
  EXPECT_EQ(format_line(problem), "a.yaml:3:5: warning R101: text");
  set_language(Language::ru);
}

TEST(FormatTest, NeverShowsSecrets) {
  const char* const lines[] = {
      "  webhook: https://p.bitrix24.ru/rest/1/hunter2secret/",
      "  webhok: https://p.bitrix24.ru/rest/1/hunter2secret/",
      "  - https://p.bitrix24.ru/rest/1/hunter2secret",
      "  application_token: \"hunter2secret",
      "  aplication_token : hunter2secret",
      "  tokn: hunter2secret",
      "{portal: {webhook: 'https://p.bitrix24.ru/rest/1/hunter2secret/'}}",
      "http: {application_token: hunter2, application_token_file: token}",
  };
  for (const char* line : lines) {
    const TempFolder folder;
    const std::string file = folder.write("a.yaml", line).string();
    EXPECT_EQ(format(problem_at(file, 1, 3, 5)).find("hunter2"), std::string::npos) << line;
    EXPECT_EQ(excerpt(line).find("hunter2"), std::string::npos) << line;
  }
}

TEST(ExcerptTest, IsShortAndOneLine) {
  EXPECT_EQ(excerpt("Счёт выставлен"), "Счёт выставлен");
  EXPECT_EQ(excerpt("одна\nдве"), "одна…");
  std::string sixty, more;
  for (int i = 0; i < 60; ++i) sixty += "щ";
  EXPECT_EQ(excerpt(sixty), sixty);
  EXPECT_EQ(excerpt(sixty + "щ"), sixty + "…");
  EXPECT_EQ(excerpt("a\xFF"), "a?");
  EXPECT_EQ(utf8::count(excerpt("/rest/1/" + std::string(1 << 16, 'x'))), 12U);
}

// The table of codes is what people look up: it must have every code in the sources, and no more.
TEST(CodesTest, TableIsComplete) {
  std::set<std::string> used, listed;
  const std::regex code("\"(R[0-9]{3})\"");
  std::vector<std::filesystem::path> sources = {B24_SOURCE_DIR "/daemon/engine/check.cc",
                                                B24_SOURCE_DIR "/daemon/engine/statements.cc"};
  for (const auto& entry : std::filesystem::directory_iterator(B24_SOURCE_DIR "/config")) {
    const bool code_file = entry.path().extension() == ".cc" || entry.path().extension() == ".h";
    if (code_file && entry.path().filename() != "codes.cc") sources.push_back(entry.path());
  }
  for (const auto& source_file : sources) {
    std::ifstream stream(source_file);
    std::stringstream text;
    text << stream.rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator it(source.begin(), source.end(), code), end; it != end; ++it) {
      used.insert((*it)[1]);
    }
  }
  std::string last;
  for (const ProblemCode& c : problem_codes()) {
    EXPECT_LT(last, c.code);
    last = c.code;
    listed.insert(last);
    EXPECT_FALSE(c.help.ru.empty() || c.help.en.empty()) << last;
  }
  EXPECT_EQ(used, listed);
}

}  // namespace
}  // namespace b24
