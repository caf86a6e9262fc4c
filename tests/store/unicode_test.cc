#include "daemon/store/unicode.h"

#include <gtest/gtest.h>

namespace b24 {
namespace {

TEST(UnicodeTest, CaseOfOurScripts) {
  const struct {
    const char* lower;
    const char* upper;
  } pairs[] = {
      {"abcz", "ABCZ"},
      {"абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"},
      {"іїєґўј", "ІЇЄҐЎЈ"},
      {"әғқңөұүһі", "ӘҒҚҢӨҰҮҺІ"},
      {"àöøþÿ", "ÀÖØÞŸ"},
      {"ąęłńśźżžčřů", "ĄĘŁŃŚŹŻŽČŘŮ"},
      {"αβγωάέήίόύώ", "ΑΒΓΩΆΈΉΊΌΎΏ"},
      {"աբգֆ", "ԱԲԳՖ"},
      {"ạếỹ", "ẠẾỸ"},
      {"123 «»–№ ß × ÷ 中 😀", "123 «»–№ ß × ÷ 中 😀"},
  };
  for (const auto& pair : pairs) {
    EXPECT_EQ(to_lower(pair.upper), pair.lower);
    EXPECT_EQ(to_upper(pair.lower), pair.upper);
    EXPECT_EQ(to_lower(pair.lower), pair.lower);
    EXPECT_EQ(to_upper(pair.upper), pair.upper);
    EXPECT_EQ(compare_ignoring_case(pair.lower, pair.upper), 0);
    EXPECT_TRUE(LikePattern{pair.lower}.matches(pair.upper));
  }
  EXPECT_EQ(to_upper("ς"), "Σ");
  EXPECT_EQ(compare_ignoring_case("ς", "Σ"), 0);
}

TEST(UnicodeTest, BytesThatAreNoTextSurvive) {
  for (const char* text : {"\xFF\xFE", "а\xD0", "\xC0\x80", "\xED\xE0", "\xF5\x80\x80\x80", "\x80а",
                           "\xE0\x80\x80", "\xF0\x80\x80\x80"}) {
    EXPECT_EQ(to_lower(text), text);
    EXPECT_EQ(to_upper(text), std::string{text} == "а\xD0"   ? "А\xD0"
                              : std::string{text} == "\x80а" ? "\x80А"
                                                             : text);
    EXPECT_TRUE(LikePattern{text}.matches(text));
  }
  EXPECT_FALSE(LikePattern{"\xFF"}.matches("\xFE"));
}

TEST(UnicodeTest, ComparesLikeADictionary) {
  EXPECT_LT(compare_ignoring_case("а", "Б"), 0);
  EXPECT_GT(compare_ignoring_case("в", "Б"), 0);
  EXPECT_LT(compare_ignoring_case("а", "аа"), 0);
  EXPECT_EQ(compare_ignoring_case("", ""), 0);
}

TEST(LikeTest, Matches) {
  const struct {
    const char* pattern;
    const char* text;
    bool wanted;
  } cases[] = {
      {"", "", true},
      {"", "а", false},
      {"%", "", true},
      {"%", "что угодно", true},
      {"_", "", false},
      {"_", "ы", true},
      {"_", "ыы", false},
      {"а%", "Абв", true},
      {"%в", "Абв", true},
      {"%б%", "Абв", true},
      {"%г%", "Абв", false},
      {"а_в", "абв", true},
      {"а_в", "ав", false},
      {"%%%а%%%", "а", true},
      {"а%б%в", "а12б34в", true},
      {"а%б%в", "а12в34б", false},
      {"%аб", "аааб", true},
      {"%_", "", false},
      {"%_", "x", true},
      {"_%_", "x", false},
      {"_%_", "xy", true},
      {"аб", "а", false},
      {"а", "аб", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(LikePattern{c.pattern}.matches(c.text), c.wanted) << c.pattern << " / " << c.text;
  }
}

TEST(LikeTest, EscapesTakeTheMeaningAway) {
  EXPECT_TRUE(LikePattern("50\\%", '\\').matches("50%"));
  EXPECT_FALSE(LikePattern("50\\%", '\\').matches("500"));
  EXPECT_TRUE(LikePattern("я_%", U'я').matches("_x"));
  EXPECT_TRUE(LikePattern("a\\", '\\').matches("a\\")) << "nothing to escape";
}

}  // namespace
}  // namespace b24
