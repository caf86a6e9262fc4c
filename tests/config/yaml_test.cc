#include "config/yaml.h"

#include <gtest/gtest.h>

#include "config/read.h"

namespace b24 {
namespace {

YamlNode parsed(const std::string& text) {
  YamlDocument document = parse_yaml("a.yaml", text);
  for (const Problem& problem : document.problems) ADD_FAILURE() << format_line(problem);
  return std::move(document.root);
}

std::string first_code(const std::string& text) {
  const YamlDocument document = parse_yaml("a.yaml", text);
  return document.problems.empty() ? "" : document.problems[0].code;
}

TEST(YamlTest, KnowsWhereEverythingStands) {
  const YamlNode root = parsed("имя: Щука\nсписок:\n  - a\n  - {ключ: \"б\"}\n");
  EXPECT_EQ(root.mark.line, 1);
  const YamlEntry* name = root.entry("имя");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->value.mark.line, 1);
  EXPECT_EQ(name->value.mark.column, 6);  // characters, not bytes
  EXPECT_EQ(name->value.width, 4);
  const YamlNode* list = root.find("список");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 2U);
  EXPECT_EQ(list->items[0].mark.line, 3);
  EXPECT_EQ(list->items[0].mark.column, 5);
  EXPECT_EQ(list->items[0].key, "список");
  const YamlNode* value = list->items[1].find("ключ");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->style, YamlNode::Style::double_quoted);
  EXPECT_EQ(value->mark.column, 12);
  EXPECT_EQ(value->content.column, 13);
}

TEST(YamlTest, LineEndsAndByteOrderMarkDoNotShiftPositions) {
  for (const char* text : {"a: 1\nb: 2\n", "a: 1\r\nb: 2\r\n",
                           "\xEF\xBB\xBF"
                           "a: 1\nb: 2",
                           "---\nb: 2"}) {
    const YamlNode root = parsed(text);
    ASSERT_NE(root.entry("b"), nullptr) << text;
    EXPECT_EQ(root.entry("b")->key.mark.line, 2) << text;
    EXPECT_EQ(root.entry("b")->key.mark.column, 1) << text;
  }
}

// An SQL error at line L, column C of the text stands at line mark.line + L - 1, column indent + C.
TEST(YamlTest, BlocksMapBackToTheFile) {
  const struct {
    const char* yaml;
    const char* text;
    int line, column, indent;
  } cases[] = {
      {"sql: |\n  SELECT 1\n    FROM x\n", "SELECT 1\n  FROM x\n", 2, 3, 2},
      {"sql: |-\n      SELECT 1\n", "SELECT 1", 2, 7, 6},
      {"sql: | # запрос\n\n  SELECT 1\n", "\nSELECT 1\n", 2, 3, 2},
      {"sql: |2\n    SELECT 1\n", "  SELECT 1\n", 2, 3, 2},
      {"sql: SELECT 1\n", "SELECT 1", 1, 6, 0},
      {"sql: 'SELECT 1'\n", "SELECT 1", 1, 7, 0},
      {"a:\n  - sql: |\n      SELECT 'ё'\n", "SELECT 'ё'\n", 3, 7, 6},
  };
  for (const auto& c : cases) {
    const YamlNode root = parsed(c.yaml);
    const YamlNode* node = root.find("sql");
    if (node == nullptr) node = root.find("a")->items.at(0).find("sql");
    Problems problems;
    const auto sql = read_sql(*node, problems);
    ASSERT_TRUE(sql) << c.yaml;
    EXPECT_EQ(sql->text, c.text);
    EXPECT_EQ(sql->mark.line, c.line) << c.yaml;
    EXPECT_EQ(sql->mark.column, c.column) << c.yaml;
    EXPECT_EQ(sql->indent, c.indent) << c.yaml;
  }
}

TEST(YamlTest, TellsNothingFromText) {
  const YamlNode root = parsed("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: нет\n");
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(root.find(key)->is_null()) << key;
  for (const char* key : {"d", "e", "f"}) EXPECT_FALSE(root.find(key)->is_null()) << key;
  EXPECT_TRUE(parsed("").is_null());
  EXPECT_TRUE(parsed("# только комментарий\n").is_null());
  EXPECT_TRUE(parsed("---\n...\n").is_null());
}

TEST(YamlTest, KeepsItsLimits) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(first_code(nested(kDeepestYaml)), "");
  EXPECT_EQ(first_code(nested(kDeepestYaml + 1)), "R020");
  EXPECT_EQ(first_code(std::string(kLongestScalar, 'x')), "");
  EXPECT_EQ(first_code(std::string(kLongestScalar + 1, 'x')), "R021");
  std::string comment = "#";
  comment.append(kLongestYaml - 1, 'x');
  EXPECT_EQ(first_code(comment), "");
  EXPECT_EQ(first_code(comment + "x"), "R002");
  // Many nodes on one long line must not take a time that grows with the square.
  std::string line = "[1";
  for (std::size_t i = 2; i < kMostYamlNodes; ++i) line += ",1";
  EXPECT_EQ(first_code(line + "]"), "");
  EXPECT_EQ(first_code(line + ",1]"), "R021");
}

TEST(YamlTest, RefusesBytesThatAreNoText) {
  for (const char* text :
       {"a: \xFF", "a: \xC0\x80", "a: \xED\xA0\x80", "a: \xF5\x80\x80\x80", "a: \xE2\x82"}) {
    EXPECT_EQ(first_code(text), "R003");
  }
  EXPECT_EQ(first_code(std::string("a: \0b", 5)), "R026");
  EXPECT_EQ(first_code("a: \x1B[31m"), "R026");
  EXPECT_EQ(first_code("a: 1\xC2\xA0рабочий день"), "");  // a no-break space inside a text is fine
  EXPECT_EQ(first_code("a: 🟡"), "");
}

}  // namespace
}  // namespace b24
