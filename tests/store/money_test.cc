#include <fmt/format.h>
#include <gmock/gmock.h>

#include "connectors/bitrix24/value.h"
#include "daemon/store/backup.h"
#include "daemon/store/mirror_table.h"
#include "store_sql.h"
#include "tests/connectors/pages.h"
#include "tests/store/store_fixture.h"

// Sums: as the views give them, in the base currency, and brought over from floating point.

namespace b24 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Rows = std::vector<std::string>;

Record currency(const char* code, const Value& rate, std::int64_t nominal = 1,
                std::int64_t is_base = 0) {
  return record(Entity::currency, id_of_code(code).value(),
                {{"code", text(code)},
                 {"rate", rate},
                 {"nominal", integer(nominal)},
                 {"is_base", integer(is_base)}});
}

Record card(Entity entity, std::int64_t id, const Value& amount_minor, const Value& code,
            const Columns& more = {}) {
  return with(entity, record(entity, id, {{"amount_minor", amount_minor}, {"currency", code}}),
              more);
}

class MoneyTest : public StoreTest {
 protected:
  void currencies(const std::vector<Record>& records, seconds after) {
    upsert(Entity::currency, records, kStart + after);
  }
  std::set<Entity> reads(const std::string& sql) {
    const auto info = reader()->prepare(sql);
    if (!info) throw std::runtime_error{info.error().text};
    return info->reads;
  }
};

TEST_F(MoneyTest, ConvertsExactly) {
  const struct {
    const char* arguments;
    Value want;
  } cases[] = {
      {"10000, 90.5, 1", integer(905'000)},
      {"10000, 18.7533, 100", integer(1875)},
      // Half a hundredth, which floating point has above or below.
      {"50, 1.15, 1", integer(58)},
      {"-50, 1.15, 1", integer(-58)},
      {"5, 0.7, 1", integer(4)},
      {"100, 1.005, 1", integer(101)},
      {"50, 0.0001, 1", integer(0)},
      {"9007199254740993, 1, 1", integer(9'007'199'254'740'993)},
      {"9223372036854775807, 1, 1", integer(9'223'372'036'854'775'807)},
      {"9223372036854775807, 2, 1", {}},
      {"9223372036854775807, 89999999999, 9223372036854775807", integer(89'999'999'999)},
      {"0, 90.5, 1", integer(0)},
      {"NULL, 90.5, 1", {}},
      {"100, NULL, 1", {}},
      {"100, 0, 1", {}},
      {"100, -1, 1", {}},
      {"100, 9e300, 1", {}},
      {"100, 90.5, NULL", {}},
      {"100, 90.5, 0", {}},
      {"100, 90.5, -10", {}},
  };
  const auto made = reader();
  for (const auto& c : cases) {
    const auto table = made->query(fmt::format("SELECT to_base({})", c.arguments));
    ASSERT_TRUE(table) << c.arguments << ": " << table.error().text;
    EXPECT_EQ(table->rows[0][0], c.want) << c.arguments;
  }
}

// Of every kind of card, and nothing where nothing is known.
TEST_F(MoneyTest, OpenSumsAreInTheBaseCurrencyAtThePresentRate) {
  currencies({currency("RUB", Value{1.0}, 1, 1), currency("USD", Value{80.0}),
              currency("KZT", Value{18.7533}, 100), currency("NIL", Value{5.0}, 0),
              currency("ZRO", Value{0.0}), currency("NON", Value{}), currency("OLD", Value{2.0})},
             -days{9});
  currencies({currency("USD", Value{90.5})}, -days{1});
  const std::int64_t gone[] = {id_of_code("OLD").value()};
  in_transaction([&] { writer_->mark_deleted(Entity::currency, gone, kStart); });
  const struct {
    Value amount;
    Value code;
    const char* want;
  } cases[] = {
      {integer(1'999'999), text("RUB"), "19999.99|RUB|1999999|19999.99|1999999"},
      {integer(10'001), text("USD"), "100.01|USD|10001|9050.91|905091"},
      {integer(-10'000), text("USD"), "-100.0|USD|-10000|-9050.0|-905000"},
      {integer(500'000), text("KZT"), "5000.0|KZT|500000|937.67|93767"},
      {integer(0), text("USD"), "0.0|USD|0|0.0|0"},
      {integer(500), text("XXX"), "5.0|XXX|500|NULL|NULL"},
      {integer(500), text("NIL"), "5.0|NIL|500|NULL|NULL"},
      {integer(500), text("ZRO"), "5.0|ZRO|500|NULL|NULL"},
      {integer(500), text("NON"), "5.0|NON|500|NULL|NULL"},
      {integer(500), text("OLD"), "5.0|OLD|500|NULL|NULL"},
      {integer(500), Value{}, "5.0|NULL|500|NULL|NULL"},
      {Value{}, text("RUB"), "NULL|RUB|NULL|NULL|NULL"},
  };
  const std::pair<Entity, const char*> kinds[] = {{Entity::deal, "v_deal"},
                                                  {Entity::lead, "v_lead"},
                                                  {Entity::quote, "v_quote"},
                                                  {Entity::invoice, "v_invoice"}};
  for (const auto& [entity, view] : kinds) {
    std::vector<Record> cards;
    Rows want;
    for (const auto& c : cases) {
      cards.push_back(card(entity, static_cast<std::int64_t>(cards.size()) + 1, c.amount, c.code));
      want.emplace_back(c.want);
    }
    upsert(entity, cards);
    EXPECT_EQ(rows(fmt::format("SELECT amount, currency, amount_minor, amount_base, "
                               "amount_base_minor FROM {} ORDER BY id",
                               view)),
              want)
        << view;
  }
  EXPECT_EQ(rows("SELECT code, rate, nominal, is_base FROM v_currency ORDER BY code LIMIT 2"),
            (Rows{"KZT|18.7533|100|0", "NIL|5.0|0|0"}));
}

TEST_F(MoneyTest, WithoutCurrenciesNothingIsKnownOfTheBase) {
  upsert(Entity::deal, {card(Entity::deal, 1, integer(500), text("RUB"))});
  EXPECT_EQ(rows("SELECT amount, amount_base FROM v_deal"), Rows{"5.0|NULL"});
}

// The rate of the moment of the win, whatever became of it since.
class WonMoneyTest : public MoneyTest {
 protected:
  // Won at kStart + `won`; the row is first met a day before.
  void win(std::int64_t id, seconds won, std::int64_t amount_minor, const char* code) {
    upsert(Entity::deal, {card(Entity::deal, id, integer(amount_minor), text(code))},
           kStart + won - days{1});
    const auto move = [&](std::int64_t line, seconds after, const char* semantic) {
      upsert(Entity::deal_move, {record(Entity::deal_move, line,
                                        {{"owner_id", integer(id)},
                                         {"at", integer(to_unix(kStart + after))},
                                         {"stage_id", text(semantic)},
                                         {"semantic", text(semantic)}})});
    };
    move(10 * id, won - days{1}, "P");
    move(10 * id + 1, won, "S");
  }
  Rows won() {
    return rows(
        "SELECT deal_id, amount, currency, amount_minor, amount_base, amount_base_minor "
        "FROM v_deal_won ORDER BY deal_id");
  }
};

TEST_F(WonMoneyTest, IsAtTheRateOfThatMoment) {
  currencies({currency("RUB", Value{1.0}, 1, 1), currency("USD", Value{80.0}),
              currency("KZT", Value{18.0}, 100), currency("EUR", Value{95.0})},
             -days{20});
  currencies({currency("USD", Value{85.0})}, -days{10});
  currencies({currency("USD", Value{90.5}), currency("KZT", Value{0.2}, 1)}, -days{4});
  const std::int64_t gone[] = {id_of_code("EUR").value()};
  in_transaction([&] { writer_->mark_deleted(Entity::currency, gone, kStart - days{2}); });
  win(1, -days{30}, 10'000, "USD");  // before anything was known: the earliest rate
  win(2, -days{12}, 10'000, "USD");
  win(3, -days{5}, 10'000, "USD");
  win(4, -days{3}, 10'000, "USD");
  win(5, -days{5}, 1'000'000, "KZT");  // the nominal has changed with the rate
  win(6, -days{5}, 10'000, "RUB");
  win(7, -days{5}, 10'000, "EUR");  // deleted since
  win(8, -days{5}, 10'000, "XXX");
  // Another sum in another currency, later: no more of the win.
  win(9, -days{5}, 10'000, "USD");
  upsert(Entity::deal, {card(Entity::deal, 9, integer(850'000), text("RUB"))}, kStart - days{3});
  // Won before the mirror met its history.
  upsert(Entity::deal,
         {card(Entity::deal, 10, integer(10'000), text("USD"),
               {{"semantic", text("S")}, {"moved_at", integer(to_unix(kStart - days{5}))}})},
         kStart - days{6});
  EXPECT_EQ(won(), (Rows{"1|100.0|USD|10000|8000.0|800000", "2|100.0|USD|10000|8000.0|800000",
                         "3|100.0|USD|10000|8500.0|850000", "4|100.0|USD|10000|9050.0|905000",
                         "5|10000.0|KZT|1000000|1800.0|180000", "6|100.0|RUB|10000|100.0|10000",
                         "7|100.0|EUR|10000|9500.0|950000", "8|100.0|XXX|10000|NULL|NULL",
                         "9|100.0|USD|10000|8500.0|850000", "10|100.0|USD|10000|8500.0|850000"}));
  EXPECT_EQ(rows("SELECT id, amount_base FROM v_deal WHERE id IN (3, 9) ORDER BY id"),
            (Rows{"3|9050.0", "9|8500.0"}))
      << "by itself a deal is worth what it is today";
}

// Nothing tells the rate between two base currencies.
TEST_F(WonMoneyTest, IsUnknownWhereTheBaseWasAnother) {
  currencies({currency("RUB", Value{1.0}, 1, 1), currency("USD", Value{80.0}),
              currency("EUR", Value{95.0})},
             -days{20});
  win(1, -days{12}, 10'000, "USD");
  win(2, -days{12}, 10'000, "EUR");
  currencies({currency("RUB", Value{0.0125}), currency("USD", Value{1.0}, 1, 1),
              currency("EUR", Value{1.2})},
             -days{10});
  win(3, -days{5}, 10'000, "EUR");
  EXPECT_EQ(won(), (Rows{"1|100.0|USD|10000|100.0|10000", "2|100.0|EUR|10000|NULL|NULL",
                         "3|100.0|EUR|10000|120.0|12000"}));
  // Back again: the rates of before count once more, those of between do not.
  currencies({currency("RUB", Value{1.0}, 1, 1), currency("USD", Value{81.0}),
              currency("EUR", Value{96.0})},
             -days{2});
  EXPECT_EQ(won(), (Rows{"1|100.0|USD|10000|8000.0|800000", "2|100.0|EUR|10000|9500.0|950000",
                         "3|100.0|EUR|10000|NULL|NULL"}));
}

// Whoever does not ask for sums in the base currency neither pays for them nor waits for rates.
TEST_F(MoneyTest, RatesAreReadForThoseWhoAsk) {
  for (const char* view : {"v_deal", "v_lead", "v_quote", "v_invoice", "v_deal_won"}) {
    const auto sum = [&](const char* column) {
      return fmt::format("SELECT manager_id, sum({}) FROM {} GROUP BY manager_id", column, view);
    };
    for (const char* column : {"amount", "amount_minor"}) {
      EXPECT_THAT(reads(sum(column)), Not(Contains(Entity::currency))) << view;
      EXPECT_THAT(rows("EXPLAIN QUERY PLAN " + sum(column)), Not(Contains(HasSubstr("currencies"))))
          << view;
    }
    EXPECT_THAT(reads(sum("amount_base")), Contains(Entity::currency)) << view;
  }
  read_in_full(Entity::currency);
  EXPECT_THAT(rows("EXPLAIN QUERY PLAN SELECT sum(amount_base) FROM v_deal WHERE closed = 0"),
              Contains(HasSubstr("currencies_by_code (code=?)")));
}

// --- what version 2 held ---

// A sum as the portal wrote it.
constexpr const char* kWritten[] = {"19000",
                                    "19999.99",
                                    "999.9",
                                    "0",
                                    "0.1",
                                    "-5.55",
                                    "333.33333333333331",
                                    "0.28999999999999998",
                                    "1.005",
                                    "-1.005",
                                    "1e3",
                                    "0.004",
                                    "8.995",
                                    "1.15",
                                    "9999999999.99",
                                    "12345678901234.56"};

class Version2 {
 public:
  explicit Version2(const std::filesystem::path& file)
      : database_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    run("PRAGMA application_id = 1647457399; PRAGMA user_version = 2; BEGIN");
    run(std::string{embedded::daemon_store_schema_sql});
    run(std::string{embedded::daemon_store_schema_2_sql});
    run("COMMIT");
  }
  void run(const std::string& sql) { database_.exec(sql); }

 private:
  SQLite::Database database_;
};

// In every table of cards; the ids are the places in the list, and one more has no sum.
void add_cards(Version2& file) {
  for (const char* table : {"deals", "leads", "quotes", "invoices"}) {
    int id = 0;
    for (const char* sum : kWritten) {
      file.run(
          fmt::format("INSERT INTO {} (id, title, amount, currency, manager_id, extra, "
                      "row_hash, seen_at) VALUES ({}, 'Т', {}, 'USD', 17, '{{\"a\":1}}', 77, 5)",
                      table, ++id, sum));
    }
    file.run(fmt::format("INSERT INTO {} (id, row_hash, seen_at, deleted_at) VALUES (99, 77, 5, 6)",
                         table));
  }
  file.run("UPDATE streams SET full_done = 1, rows = 16, watermark = 4 WHERE entity = 'deal'");
}

void add_changes(Version2& file) {
  file.run(
      "INSERT INTO changes (id, entity, entity_id, field, old_value, new_value, seen_at) VALUES "
      "(1, 'deal', 1, 'amount', 19000.0, 19999.99, 5), (2, 'lead', 1, 'amount', NULL, 0.1, 5), "
      "(3, 'quote', 1, 'amount', 1.005, NULL, 5), (4, 'invoice', 1, 'amount', 999.9, 0.0, 5), "
      "(5, 'deal', 1, 'title', 'amount', 'б', 5), (6, 'task', 1, 'amount', 1.5, 2.5, 5), "
      "(7, 'deal', 1, 'currency', 'RUB', 'USD', 5)");
}
const char* const kChanges =
    "SELECT id, entity, field, old_value, new_value, seen_at FROM changes ORDER BY id";
const Rows kConverted = {"1|deal|amount_minor|1900000|1999999|5",
                         "2|lead|amount_minor|NULL|10|5",
                         "3|quote|amount_minor|101|NULL|5",
                         "4|invoice|amount_minor|99990|0|5",
                         "5|deal|title|amount|б|5",
                         "6|task|amount|1.5|2.5|5",
                         "7|deal|currency|RUB|USD|5"};

// The same rows as the portal gives them today.
std::vector<Record> read_again(Entity entity) {
  std::string items;
  int id = 0;
  for (const char* sum : kWritten) {
    items += fmt::format(R"({}{{"id":{},"title":"Т","opportunity":{},"currencyId":"USD",)"
                         R"("assignedById":17,"a":1}})",
                         items.empty() ? "" : ",", ++id, sum);
  }
  return parse(entity, fmt::format(R"({{"items":[{}]}})", items))->records;
}

class MoneyUpgradeTest : public StoreTest {
 protected:
  // A file of version 2 in place of ours, opened.
  void upgrade() {
    writer_.reset();
    for (const char* part : {"", "-wal", "-shm"}) {
      std::filesystem::remove(paths_.file().native() + part);
    }
    {
      Version2 file{paths_.file()};
      file.run("BEGIN");
      add_cards(file);
      add_changes(file);
      file.run("COMMIT");
    }
    open_writer();
  }
};

TEST_F(MoneyUpgradeTest, SumsBecomeHundredthsAndNothingIsLost) {
  upgrade();
  EXPECT_EQ(rows(kChanges), kConverted);
  EXPECT_EQ(rows("SELECT DISTINCT typeof(old_value) FROM changes WHERE field = 'amount_minor' "
                 "ORDER BY 1"),
            (Rows{"integer", "null"}));
  for (const Entity entity : {Entity::deal, Entity::lead, Entity::quote, Entity::invoice}) {
    const std::vector<Record> records = read_again(entity);
    ASSERT_EQ(records.size(), std::size(kWritten));
    Rows want;
    for (const Record& r : records) {
      want.push_back(shown(column(r, entity, "amount_minor")) + "|Т|USD|17|{\"a\":1}|5|NULL");
    }
    want.emplace_back("NULL|NULL|NULL|NULL|NULL|5|6");
    const std::string table = table_of(entity);
    EXPECT_EQ(rows(fmt::format("SELECT amount_minor, title, currency, manager_id, extra, seen_at, "
                               "deleted_at FROM {} ORDER BY id",
                               table)),
              want)
        << table;
    // Reading them again is no change.
    EXPECT_EQ(upsert(entity, records, kStart).unchanged,
              static_cast<std::int64_t>(std::size(kWritten)))
        << table;
  }
  EXPECT_EQ(rows(kChanges), kConverted);
  EXPECT_EQ(rows("SELECT full_done, rows, watermark FROM streams WHERE entity = 'deal'"),
            Rows{"1|16|4"});
  EXPECT_EQ(rows("SELECT full_done, rows FROM streams WHERE entity = 'currency'"), Rows{"0|0"});
}

TEST_F(MoneyUpgradeTest, ABackupOfVersion2ComesBackWithItsLog) {
  const auto old = folder_.path() / "old.sqlite";
  {
    Version2 file{old};
    add_changes(file);
    file.run("INSERT INTO meta (name, value) VALUES ('note', 'kept')");
  }
  writer_.reset();
  const auto done = restore(paths_, old, kStart);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_THAT(done->unusable, IsEmpty());
  open_writer();
  EXPECT_EQ(rows(kChanges), kConverted);
  EXPECT_EQ(writer_->meta("note"), "kept");
  EXPECT_EQ(rows("PRAGMA user_version"), Rows{std::to_string(kSchemaVersion)});
}

}  // namespace
}  // namespace b24
