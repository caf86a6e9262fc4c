#include "daemon/store/sql_text.h"

#include <gtest/gtest.h>

namespace b24 {
namespace {

TEST(SqlTextTest, FindsWordsOfTheCodeOnly) {
  const struct {
    const char* sql;
    const char* word;
    int wanted;
  } cases[] = {
      {"SELECT x FROM deals", "deals", 14},
      {"SELECT 'deals' FROM deals", "deals", 20},
      {"SELECT 1 -- deals\nFROM deals", "deals", 23},
      {"SELECT /* deals */ 1 FROM DEALS", "deals", 26},
      {"SELECT deals_x, xdeals, d.deals", "deals", 26},
      {"SELECT 'it''s deals' FROM \"deals\"", "deals", 26},
      {"SELECT [deals]", "deals", 7},
      {"SELECT 'незакрытая deals", "deals", -1},
      {"SELECT 'сделки', :to, :to_day", ":to_day", 28},
      {"SELECT 'сделки', :to, :to_day", ":to", 23},
      {"SELECT сделки", "СДЕЛКИ", 7},
      {"SELECT 1", "deals", -1},
      {"SELECT 1", "", -1},
  };
  for (const auto& c : cases) EXPECT_EQ(find_word(c.sql, c.word), c.wanted) << c.sql;
}

TEST(SqlTextTest, KnowsWhenNothingIsLeft) {
  for (const char* sql : {"", " \n\t;", "-- x", "-- x\n;", "/* x */ ; /* y", "; ;"}) {
    EXPECT_TRUE(is_blank_sql(sql)) << sql;
  }
  EXPECT_EQ(first_code(" -- x\n SELECT"), 7U);
  EXPECT_EQ(first_code("; 'x'"), 2U);
}

}  // namespace
}  // namespace b24
