#include "connectors/bitrix24/details.h"
#include "tests/connectors/pages.h"

// Payments, orders, goods and comments, as portals write them and as they might.

namespace b24 {
namespace {

Result<Page> parse(Detail detail, std::string text) {
  const std::size_t size = text.size();
  text.append(64, ' ');
  return parse_page(spec(detail).rows, std::string_view(text).substr(0, size));
}

// "17: a|b|c" for every row.
std::vector<std::string> rows_in(const Result<Page>& page) {
  if (!page) return {page.error().text};
  std::vector<std::string> rows;
  for (const Record& record : page->records) {
    std::string row = std::to_string(record.id) + ": ";
    for (std::size_t i = 0; i < record.values.size(); ++i) {
      row += (i > 0 ? "|" : "") + shown(record.values[i]);
    }
    rows.push_back(row);
  }
  for (const RejectedRow& row : page->rejected) rows.push_back("rejected: " + row.reason);
  return rows;
}

using Rows = std::vector<std::string>;

TEST(TradePageTest, ReadsTheDocumentedExamples) {
  const auto payments = documented("sale.payment.list");
  const auto orders = documented("crm.orderentity.list");
  const auto goods = documented("crm.item.productrow.list");
  const auto of_card = documented("crm.item.payment.list");
  const auto comments = documented("crm.timeline.comment.list");
  if (!payments || !orders || !goods || !of_card || !comments) {
    GTEST_SKIP() << "the documented examples are not here";
  }
  const auto listed = parse(Entity::payment, *payments);
  EXPECT_EQ(rows_in(listed), (Rows{"9: 163/1|7|117600|USD|0|NULL|1665760200|N|NULL|1|Cash"}));
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->records.at(0).extra, "") << "all else is dropped";
  EXPECT_EQ(rows_in(parse(Entity::order_link, *orders)),
            (Rows{"5125: NULL|6933", "5127: NULL|6937", "5128: NULL|6938"}));
  EXPECT_EQ(rows_in(parse(Detail::product_row, *goods)),
            (Rows{"17649: 9621|iphone 14|9000000|3|2|10|909091|10|1|20",
                  "17650: 9623|iphone 10xs|555000|1|2|0|0|NULL|1|10"}));
  EXPECT_EQ(rows_in(parse(Detail::deal_payment, *of_card)),
            (Rows{"1036: 3653/1|0|USD|1|1716197522|Cash", "1037: 3653/2|0|USD|0|NULL|Cash"}));
  EXPECT_EQ(rows_in(parse(Detail::deal_comment, *comments)),
            (Rows{"999: 1|1583139600", "1000: 1|1583139600"}));
}

TEST(TradePageTest, ReadsOddShapes) {
  const struct {
    const char* what;
    Result<Page> page;
    Rows rows;
  } cases[] = {
      {"ids and sums as texts, as an older edition has them",
       parse(Entity::payment, R"({"payments":[{"id":"150","orderId":"81","paid":"N",
         "datePaid":null,"sum":"4627.3000","currency":"RUB","isReturn":"P","payReturnDate":
         "2026-11-20T03:00:00+03:00","payReturnNum":"5","psStatusMessage":"x"}]})"),
       {"150: NULL|81|462730|RUB|0|NULL|NULL|P|2026-11-20|NULL|NULL"}},
      {"a fraction of a hundredth is rounded, not cut",
       parse(Entity::payment, R"({"payments":[{"id":1,"sum":0.285},{"id":2,"sum":-10.005},
         {"id":3,"sum":""},{"id":4,"sum":1e3}]})"),
       {"1: NULL|NULL|29|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
        "2: NULL|NULL|-1001|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
        "3: NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
        "4: NULL|NULL|100000|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL"}},
      {"no payments at all: PHP's empty map", parse(Entity::payment, R"({"payments":[]})"), {}},
      {"the same", parse(Entity::payment, "[]"), {}},
      {"rows keyed by their ids",
       parse(Entity::order_link, R"({"orderEntity":{"7":{"orderId":7,"ownerId":"5",
         "ownerTypeId":"2"}}})"),
       {"7: 2|5"}},
      {"an order without its id",
       parse(Entity::order_link, R"({"orderEntity":[{"ownerId":5}]})"),
       {"rejected: нет понятного orderId"}},
      {"goods with eight places, a broken quantity and no product",
       parse(Detail::product_row, R"({"productRows":[{"id":"1","productId":0,"productName":"Б\"",
         "price":81818.18181818,"quantity":"2.5","discountTypeId":1,"discountRate":0,
         "discountSum":"9090.90909091","taxRate":0,"taxIncluded":"N","sort":"10"},
         {"id":2,"price":100,"quantity":{"a":1},"taxRate":false}]})"),
       {"1: 0|Б\"|8181818|2.5|1|0|909091|0|0|10",
        "2: NULL|NULL|10000|NULL|NULL|NULL|NULL|NULL|NULL|NULL"}},
      {"no goods", parse(Detail::product_row, R"({"productRows":[]})"), {}},
      {"payments of a card as an object, and of a lead",
       parse(Detail::invoice_payment, R"({"0":{"id":5,"paid":"Y","sum":"100.50","datePaid":
         "2026-11-20T12:00:00+03:00"}})"),
       {"5: NULL|10050|NULL|1|1795165200|NULL"}},
      {"none", parse(Detail::invoice_payment, "[]"), {}},
      {"a comment without a date",
       parse(Detail::deal_comment, R"([{"ID":"5","AUTHOR_ID":"17","CREATED":{}}])"),
       {"5: 17|NULL"}},
  };
  for (const auto& c : cases) EXPECT_EQ(rows_in(c.page), c.rows) << c.what;
  EXPECT_FALSE(parse(Entity::payment, R"({"payments":"none"})"));
  EXPECT_FALSE(parse(Detail::product_row, "true"));
}

std::string asked(Detail detail, std::int64_t id, std::int64_t start) {
  return spec(detail).params(id, start).dump();
}

TEST(TradePageTest, AsksForTheDetailsOfACard) {
  EXPECT_EQ(asked(Detail::product_row, 5, 50),
            R"({"filter":{"=ownerType":"D","=ownerId":5},"order":{"id":"asc"},"start":50})");
  EXPECT_EQ(asked(Detail::deal_payment, 5, 0), R"({"entityTypeId":2,"entityId":5})");
  EXPECT_EQ(asked(Detail::invoice_payment, 5, 0), R"({"entityTypeId":31,"entityId":5})");
  // What was written is not even asked for.
  EXPECT_EQ(asked(Detail::deal_comment, 5, 0),
            R"({"filter":{"ENTITY_TYPE":"deal","ENTITY_ID":5},"order":{"ID":"ASC"},)"
            R"("select":["ID","AUTHOR_ID","CREATED"],"start":0})");
}

}  // namespace
}  // namespace b24
