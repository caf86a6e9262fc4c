#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/store/mirror_table.h"
#include "tests/store/store_fixture.h"

namespace b24 {
namespace {

using Rows = std::vector<std::string>;

std::string column_type(FieldType type) {
  switch (type) {
    case FieldType::integer:
    case FieldType::flag:
    case FieldType::time:
    case FieldType::money:
      return "INTEGER";
    case FieldType::real:
      return "REAL";
    default:
      return "TEXT";
  }
}

class MirrorTest : public StoreTest {
 protected:
  static Record deal(std::int64_t id, const std::string& title, Time updated_at,
                     std::string extra = {}) {
    return record(Entity::deal, id,
                  {{"title", text(title)},
                   {"amount_minor", integer(1'900'050)},
                   {"closed", integer(0)},
                   {"updated_at", integer(to_unix(updated_at))}},
                  std::move(extra));
  }
  Rows changes() {
    return rows(
        "SELECT entity, entity_id, field, old_value, new_value, seen_at FROM changes ORDER BY id");
  }
  std::int64_t count(Entity entity) { return reader()->row_counts()[entity]; }
};

TEST_F(MirrorTest, TablesHaveTheColumnsOfTheSpecs) {
  for (const EntitySpec& entity : specs()) {
    Rows wanted{"id INTEGER"};
    for (const Field& field : entity.fields) {
      wanted.push_back(std::string{field.column} + " " + column_type(field.type));
    }
    if (entity.entity == Entity::call) wanted.push_back("day TEXT");
    for (const char* own :
         {"extra TEXT", "row_hash INTEGER", "seen_at INTEGER", "deleted_at INTEGER"}) {
      wanted.push_back(own);
    }
    if (entity.entity == Entity::call) wanted.push_back("phone_key TEXT");
    const std::string table = table_of(entity.entity);
    EXPECT_EQ(rows("SELECT name || ' ' || type FROM pragma_table_info('" + table + "')"), wanted);
    EXPECT_EQ(entity_of_table(table), entity.entity) << table;
  }
}

TEST_F(MirrorTest, TablesAreNamedInThePlural) {
  EXPECT_EQ(table_of(Entity::deal), "deals");
  EXPECT_EQ(table_of(Entity::company), "companies");
  EXPECT_EQ(table_of(Entity::activity), "activities");
  EXPECT_EQ(table_of(Entity::deal_move), "deal_moves");
  for (const char* none : {"", "s", "ies", "deal", "outbox", "dealies", "companys"}) {
    EXPECT_EQ(entity_of_table(none), std::nullopt) << none;
  }
}

TEST_F(MirrorTest, InsertsOnceAndSkipsWhatHasNotChanged) {
  auto counts = upsert(Entity::deal, {deal(1, "а", kStart), deal(2, "б", kStart)});
  EXPECT_EQ(counts.inserted, 2);
  counts = upsert(Entity::deal, {deal(2, "б", kStart), deal(3, "в", kStart)}, kStart + hours{1});
  EXPECT_EQ(counts.inserted, 1);
  EXPECT_EQ(counts.unchanged, 1);
  EXPECT_EQ(counts.updated, 0);
  EXPECT_EQ(rows("SELECT id, title, amount_minor, manager_id, seen_at, deleted_at FROM deals"),
            (Rows{"1|а|1900050|NULL|1795244400|NULL", "2|б|1900050|NULL|1795244400|NULL",
                  "3|в|1900050|NULL|1795248000|NULL"}));
  EXPECT_EQ(changes(), Rows{});
  EXPECT_EQ(count(Entity::deal), 3);
}

TEST_F(MirrorTest, LogsEveryChangedColumn) {
  upsert(Entity::deal, {deal(7, "старое", kStart)});
  const auto counts =
      upsert(Entity::deal, {deal(7, "новое", kStart + seconds{60})}, kStart + seconds{90});
  EXPECT_EQ(counts.updated, 1);
  EXPECT_EQ(changes(), (Rows{"deal|7|title|старое|новое|1795244490",
                             "deal|7|updated_at|1795244400|1795244460|1795244490"}));
  EXPECT_EQ(rows("SELECT title, seen_at FROM deals"), Rows{"новое|1795244490"});
}

TEST_F(MirrorTest, LogsFieldsWithoutAColumnByTheirName) {
  upsert(Entity::deal, {deal(7, "а", kStart, R"({"ufCrm1":"x","ufCrm2":5,"ufCrm3":[1]})")});
  upsert(Entity::deal, {deal(7, "а", kStart, R"({"ufCrm1":"y","ufCrm3":[1],"ufCrm4":true})")});
  EXPECT_EQ(changes(), (Rows{"deal|7|ufCrm1|x|y|1795244400", "deal|7|ufCrm4|NULL|1|1795244400",
                             "deal|7|ufCrm2|5|NULL|1795244400"}));
}

TEST_F(MirrorTest, NeverPutsAnOlderRowOverANewerOne) {
  upsert(Entity::deal, {deal(7, "новое", kStart)});
  const auto counts = upsert(Entity::deal, {deal(7, "старое", kStart - seconds{1})});
  EXPECT_EQ(counts.unchanged, 1);
  EXPECT_EQ(rows("SELECT title FROM deals"), Rows{"новое"});
  EXPECT_EQ(changes(), Rows{});
}

TEST_F(MirrorTest, TakesTheLatestLookWhenTheTimesOfChangeAreEqual) {
  upsert(Entity::deal, {deal(7, "первое", kStart)});
  EXPECT_EQ(upsert(Entity::deal, {deal(7, "второе", kStart)}).updated, 1);
  EXPECT_EQ(rows("SELECT title FROM deals"), Rows{"второе"});
}

TEST_F(MirrorTest, ARateWrittenAsAWholeNumberIsTheSameRate) {
  const auto dollar = [](Value rate) { return record(Entity::currency, 5, {{"rate", rate}}); };
  upsert(Entity::currency, {dollar(Value{90.5})});
  upsert(Entity::currency, {dollar(Value{91.0})});
  EXPECT_EQ(upsert(Entity::currency, {dollar(integer(91))}).unchanged, 1);
  EXPECT_EQ(changes(), Rows{"currency|5|rate|90.5|91.0|1795244400"});
}

TEST_F(MirrorTest, DeletedRowsLeaveTheViewsAndComeBack) {
  upsert(Entity::deal, {deal(1, "а", kStart), deal(2, "б", kStart)});
  const std::int64_t ids[] = {2, 2, 99};
  in_transaction(
      [&] { EXPECT_EQ(writer_->mark_deleted(Entity::deal, ids, kStart + seconds{10}), 1); });
  EXPECT_EQ(rows("SELECT id FROM v_deal"), Rows{"1"});
  EXPECT_EQ(rows("SELECT id, deleted_at FROM deals"), (Rows{"1|NULL", "2|1795244410"}));
  EXPECT_EQ(count(Entity::deal), 1);

  EXPECT_EQ(upsert(Entity::deal, {deal(2, "б", kStart)}, kStart + seconds{20}).updated, 1);
  EXPECT_EQ(rows("SELECT id FROM v_deal"), (Rows{"1", "2"}));
  EXPECT_EQ(count(Entity::deal), 2);
  EXPECT_EQ(changes(), (Rows{"deal|2|deleted_at|NULL|1795244410|1795244410",
                             "deal|2|deleted_at|1795244410|NULL|1795244420"}));
}

TEST_F(MirrorTest, AnOlderRowRevivesAndKeepsTheNewerValues) {
  upsert(Entity::deal, {deal(2, "новое", kStart)});
  const std::int64_t ids[] = {2};
  in_transaction([&] { writer_->mark_deleted(Entity::deal, ids, kStart); });
  upsert(Entity::deal, {deal(2, "старое", kStart - hours{1})}, kStart + seconds{20});
  EXPECT_EQ(rows("SELECT title FROM v_deal"), Rows{"новое"});
  EXPECT_EQ(count(Entity::deal), 1);
}

// New rows in the order of their ids are written by one statement, others one by one.
TEST_F(MirrorTest, RowsComeInAnyOrderAndAmongKnownOnes) {
  struct Case {
    std::vector<std::int64_t> ids;
    UpsertCounts counts;
  };
  const Case cases[] = {
      {{10, 20, 30}, {.inserted = 3}},
      {{11, 20, 31}, {.inserted = 2, .unchanged = 1}},
      {{41, 40}, {.inserted = 2}},
      {{50, 50, 51}, {.inserted = 2, .unchanged = 1}},
      {{12, 13, 19}, {.inserted = 3}},
      {{1}, {.inserted = 1}},
      {{}, {}},
      {{10, 20, 30}, {.unchanged = 3}},
  };
  for (const Case& c : cases) {
    std::vector<Record> deals;
    for (const std::int64_t id : c.ids) deals.push_back(deal(id, std::to_string(id), kStart));
    const UpsertCounts counts = upsert(Entity::deal, deals);
    EXPECT_EQ(counts.inserted, c.counts.inserted) << testing::PrintToString(c.ids);
    EXPECT_EQ(counts.updated, 0) << testing::PrintToString(c.ids);
    EXPECT_EQ(counts.unchanged, c.counts.unchanged) << testing::PrintToString(c.ids);
  }
  EXPECT_EQ(rows("SELECT id FROM deals WHERE title = id ORDER BY id"),
            (Rows{"1", "10", "11", "12", "13", "19", "20", "30", "31", "40", "41", "50", "51"}));
  EXPECT_EQ(count(Entity::deal), 13);
  EXPECT_THAT(changes(), testing::IsEmpty());
}

TEST_F(MirrorTest, ARecordOfAnotherLengthIsRefused) {
  EXPECT_THROW(upsert(Entity::deal, {deal(1, "а", kStart), Record{2, {}, {}}}), std::logic_error);
}

TEST_F(MirrorTest, CallsGetAKeyOfTheirNumber) {
  const std::pair<const char*, const char*> numbers[] = {
      {"+7 (999) 123-45-67", "9991234567"},
      {"89991234567", "9991234567"},
      {"105", "105"},
      {"", ""},
      {"+", ""},
      {"добавочный", "добавочный"},
      {"в добавочный", "добавочный"},
  };
  std::vector<Record> calls = {record(Entity::call, 1, {})};
  Rows wanted = {"NULL"};
  for (const auto& [phone, key] : numbers) {
    const auto id = static_cast<std::int64_t>(calls.size() + 1);
    calls.push_back(record(Entity::call, id, {{"phone", text(phone)}}));
    wanted.emplace_back(key);
  }
  upsert(Entity::call, calls);
  EXPECT_EQ(rows("SELECT phone_key FROM calls ORDER BY id"), wanted);
  upsert(Entity::call, {record(Entity::call, 3, {{"phone", text("+7 495 000-11-22")}})});
  EXPECT_EQ(rows("SELECT phone_key FROM calls WHERE id = 3"), Rows{"4950001122"});
}

TEST_F(MirrorTest, CallsGetTheirLocalDay) {
  const Time night = kStart + hours{14} - seconds{1};  // 23:59:59 in Moscow
  upsert(Entity::call, {record(Entity::call, 1, {{"started_at", integer(to_unix(night))}}),
                        record(Entity::call, 2, {{"started_at", integer(to_unix(night) + 1)}}),
                        record(Entity::call, 3, {})});
  EXPECT_EQ(rows("SELECT id, day FROM v_call ORDER BY id"),
            (Rows{"1|2026-11-21", "2|2026-11-22", "3|NULL"}));

  CalendarSettings settings;
  settings.zone = "Asia/Yekaterinburg";
  const Calendar other = *Calendar::make(settings);
  in_transaction([&] { EXPECT_TRUE(writer_->recompute_days(other)); });
  EXPECT_EQ(rows("SELECT id, day FROM v_call ORDER BY id"),
            (Rows{"1|2026-11-22", "2|2026-11-22", "3|NULL"}));
}

TEST_F(MirrorTest, DaysAreComputedInChunksAndGoOnAfterAKill) {
  const std::int64_t count = 10'001;
  const std::int64_t night = to_unix(kStart + hours{14} - seconds{1});  // 23:59:59 in Moscow
  std::vector<Record> calls;
  for (std::int64_t id = 1; id <= count; ++id) {
    calls.push_back(record(Entity::call, id, {{"started_at", integer(night)}}));
  }
  upsert(Entity::call, calls);
  in_transaction([&] {
    EXPECT_FALSE(writer_->recompute_days(calendar_));
    EXPECT_TRUE(writer_->recompute_days(calendar_));
    EXPECT_TRUE(writer_->recompute_days(calendar_)) << "there is nothing to do";
  });
  EXPECT_EQ(writer_->meta(kDaysZoneMeta), "Europe/Moscow");

  CalendarSettings settings;
  settings.zone = "Asia/Yekaterinburg";
  const Calendar other = *Calendar::make(settings);
  const std::string days = "SELECT day, count(*) FROM calls GROUP BY day ORDER BY day";
  in_transaction([&] { EXPECT_FALSE(writer_->recompute_days(other)); });
  EXPECT_EQ(rows(days), (Rows{"2026-11-21|1", "2026-11-22|10000"}));
  EXPECT_EQ(writer_->meta(kDaysZoneMeta), "Asia/Yekaterinburg 10000");
  open_writer();
  in_transaction([&] { EXPECT_TRUE(writer_->recompute_days(other)); });
  EXPECT_EQ(rows(days), Rows{"2026-11-22|10001"});

  // Half way to one zone, the settings go back to the zone before.
  in_transaction([&] { EXPECT_FALSE(writer_->recompute_days(calendar_)); });
  in_transaction([&] { EXPECT_FALSE(writer_->recompute_days(other)); });
  in_transaction([&] { EXPECT_TRUE(writer_->recompute_days(other)); });
  EXPECT_EQ(rows(days), Rows{"2026-11-22|10001"});
}

TEST_F(MirrorTest, IndexesAreMadeWhenATableIsReadInFull) {
  const std::string indexes =
      "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('calls', 'deals') "
      "ORDER BY name";
  StreamState state{.entity = Entity::call};
  in_transaction([&] { writer_->save_stream(state); });
  EXPECT_THAT(rows(indexes), testing::IsEmpty());
  state.full_done = true;
  in_transaction([&] { writer_->save_stream(state); });
  EXPECT_EQ(rows(indexes),
            (Rows{"calls_by_day", "calls_by_phone", "calls_by_start", "calls_to_client"}));
  upsert(Entity::call, {record(Entity::call, 1, {{"started_at", integer(5)}})});
  EXPECT_EQ(rows("SELECT id FROM calls INDEXED BY calls_by_start WHERE started_at = 5"), Rows{"1"});
  in_transaction([&] { writer_->save_stream(state); });
  EXPECT_EQ(rows(indexes),
            (Rows{"calls_by_day", "calls_by_phone", "calls_by_start", "calls_to_client"}));
}

TEST_F(MirrorTest, DoubtsAreKept) {
  EXPECT_EQ(writer_->doubt(Entity::user), std::nullopt);
  const Doubt doubt{kStart, 60};
  in_transaction([&] { writer_->save_doubt(Entity::user, doubt); });
  open_writer();
  EXPECT_EQ(writer_->doubt(Entity::user), doubt);
  EXPECT_EQ(writer_->doubt(Entity::deal), std::nullopt);
  StreamState state;
  state.entity = Entity::user;
  in_transaction([&] { writer_->save_stream(state); });
  EXPECT_EQ(writer_->doubt(Entity::user), doubt) << "a stream that goes on does not end it";
  in_transaction([&] { writer_->save_doubt(Entity::user, std::nullopt); });
  EXPECT_EQ(writer_->doubt(Entity::user), std::nullopt);
}

TEST_F(MirrorTest, RejectedRowsAreCountedOnceEach) {
  const RejectedRow a{Entity::deal, R"({"id":"x"})", "id is no number"};
  const RejectedRow b{Entity::task, "{}", "no id"};
  const RejectedRow pair[] = {a, b};
  in_transaction([&] {
    writer_->reject(pair, kStart);
    writer_->reject(std::span{pair, 1}, kStart + seconds{30});
  });
  EXPECT_EQ(rows("SELECT entity, raw, reason, count, first_seen_at, seen_at FROM rejected_rows"),
            (Rows{R"(deal|{"id":"x"}|id is no number|2|1795244400|1795244430)",
                  "task|{}|no id|1|1795244400|1795244400"}));
  EXPECT_EQ(reader()->rejected_counts(),
            (std::map<Entity, std::int64_t>{{Entity::deal, 1}, {Entity::task, 1}}));
}

TEST_F(MirrorTest, RejectedRowsAreBounded) {
  std::vector<RejectedRow> many;
  for (int i = 0; i < 5100; ++i) many.push_back({Entity::deal, std::to_string(i), "no id"});
  many.push_back({Entity::deal, std::string(4095, 'x') + "ыы", "long"});
  in_transaction([&] { writer_->reject(many, kStart); });
  EXPECT_EQ(rows("SELECT count(*), min(CAST(raw AS INTEGER)) FROM rejected_rows WHERE reason <> "
                 "'long'"),
            Rows{"4999|101"});
  EXPECT_EQ(rows("SELECT length(raw) FROM rejected_rows WHERE reason = 'long'"), Rows{"4095"});
}

TEST_F(MirrorTest, ASweepGivesWhatItDidNotSee) {
  upsert(Entity::deal,
         {deal(1, "а", kStart), deal(2, "б", kStart), deal(3, "в", kStart), deal(4, "г", kStart)},
         kStart - hours{1});
  const std::int64_t gone[] = {4};
  in_transaction([&] { writer_->mark_deleted(Entity::deal, gone, kStart - hours{1}); });

  in_transaction([&] {
    writer_->begin_sweep(Entity::deal);
    const Record seen[] = {{1, {}, {}}, {1, {}, {}}};
    writer_->add_swept(Entity::deal, seen);
  });
  // What is written while the sweep goes on is not missing, by whatever clock.
  upsert(Entity::deal, {deal(5, "д", kStart), deal(3, "в", kStart)}, kStart - hours{6});
  in_transaction([&] {
    EXPECT_EQ(writer_->finish_sweep(Entity::deal).gone, (std::vector<std::int64_t>{2}));
    EXPECT_TRUE(writer_->finish_sweep(Entity::deal).gone.empty()) << "it is over";
    EXPECT_TRUE(writer_->finish_sweep(Entity::task).gone.empty()) << "it never began";
  });
}

TEST_F(MirrorTest, ASweepTellsHowManyOfTheNewestLack) {
  std::vector<Record> deals;
  for (std::int64_t id = 1; id <= 9; ++id) deals.push_back(deal(id, "а", kStart));
  upsert(Entity::deal, deals, kStart);
  const auto swept = [&](std::vector<Record> seen) {
    Swept found;
    in_transaction([&] {
      writer_->begin_sweep(Entity::deal);
      writer_->add_swept(Entity::deal, seen);
      found = writer_->finish_sweep(Entity::deal);
    });
    return std::pair{found.gone.size(), found.tail};
  };
  EXPECT_EQ(swept({{1, {}, {}}, {3, {}, {}}, {6, {}, {}}}), std::pair(std::size_t{6}, 3L));
  EXPECT_EQ(swept({{1, {}, {}}, {9, {}, {}}}), std::pair(std::size_t{7}, 0L));
  EXPECT_EQ(swept({}), std::pair(std::size_t{9}, 9L));
}

TEST_F(MirrorTest, AMirrorThatIsClearedBeginsAnew) {
  upsert(Entity::deal, {deal(1, "а", kStart)}, kStart);
  upsert(Entity::deal, {deal(1, "б", kStart)}, kStart);
  in_transaction([&] {
    writer_->save_stream({.entity = Entity::deal,
                          .full_done = true,
                          .cursor_id = 1,
                          .watermark = kStart,
                          .fresh_at = kStart,
                          .problem = "нет связи"});
    writer_->save_doubt(Entity::deal, Doubt{kStart, 7});
    writer_->set_meta("kept", "yes");
  });
  in_transaction([&] { writer_->clear_mirror(); });
  EXPECT_EQ(rows("SELECT count(*) FROM deals"), Rows{"0"});
  EXPECT_EQ(rows("SELECT count(*) > 0 FROM changes"), Rows{"1"});
  EXPECT_EQ(writer_->meta("kept"), "yes");
  EXPECT_TRUE(reader()->doubts().empty());
  EXPECT_EQ(reader()->row_counts().at(Entity::deal), 0);
  for (const StreamState& state : reader()->streams()) {
    EXPECT_FALSE(state.full_done || state.watermark || state.fresh_at || state.cursor_id != 0)
        << name(state.entity);
  }
}

TEST_F(MirrorTest, RowsWrittenByAClockAheadAreSweptAllTheSame) {
  upsert(Entity::deal, {deal(1, "а", kStart), deal(2, "б", kStart)}, kStart + hours{6});
  const Record seen[] = {{1, {}, {}}};
  in_transaction([&] {
    writer_->begin_sweep(Entity::deal);
    writer_->add_swept(Entity::deal, seen);
    EXPECT_EQ(writer_->finish_sweep(Entity::deal).gone, (std::vector<std::int64_t>{2}));
  });
}

TEST_F(MirrorTest, ASweepBeginsAnew) {
  upsert(Entity::deal, {deal(1, "а", kStart), deal(2, "б", kStart)}, kStart - hours{1});
  const Record first[] = {{1, {}, {}}};
  const Record second[] = {{2, {}, {}}};
  in_transaction([&] {
    writer_->begin_sweep(Entity::deal);
    writer_->add_swept(Entity::deal, first);
    writer_->begin_sweep(Entity::deal);
    writer_->add_swept(Entity::deal, second);
    EXPECT_EQ(writer_->finish_sweep(Entity::deal).gone, (std::vector<std::int64_t>{1}));
  });
}

TEST_F(MirrorTest, StreamsKeepTheirPlace) {
  StreamState state;
  state.entity = Entity::deal;
  state.full_done = true;
  state.cursor_id = 7405;
  state.full_began_at = kStart;
  state.watermark = kStart + seconds{1};
  state.fresh_at = kStart + seconds{2};
  state.swept_at = kStart + seconds{3};
  state.problem = "нет прав";
  state.refused = true;
  upsert(Entity::deal, {deal(1, "а", kStart)});
  in_transaction([&] { writer_->save_stream(state); });

  const auto streams = reader()->streams();
  ASSERT_EQ(streams.size(), std::size(kEntities));
  for (const StreamState& stream : streams) {
    if (stream.entity != Entity::deal) {
      EXPECT_FALSE(stream.full_done || stream.watermark || stream.fresh_at);
      continue;
    }
    EXPECT_TRUE(stream.full_done);
    EXPECT_EQ(stream.cursor_id, 7405);
    EXPECT_EQ(stream.full_began_at, state.full_began_at);
    EXPECT_EQ(stream.watermark, state.watermark);
    EXPECT_EQ(stream.fresh_at, state.fresh_at);
    EXPECT_EQ(stream.swept_at, state.swept_at);
    EXPECT_EQ(stream.problem, "нет прав");
    EXPECT_TRUE(stream.refused);
  }
  EXPECT_EQ(rows("SELECT full_done, rows, watermark, problem FROM v_stream WHERE entity = 'deal'"),
            Rows{"1|1|1795244401|нет прав"});
}

TEST_F(MirrorTest, WhatIsNotCommittedNeverWas) {
  {
    Writer::Transaction transaction{*writer_};
    writer_->upsert(Entity::deal, std::vector{deal(1, "а", kStart)}, kStart, calendar_);
  }
  EXPECT_EQ(rows("SELECT id FROM deals"), Rows{});
  EXPECT_EQ(count(Entity::deal), 0);
}

TEST_F(MirrorTest, AKillInTheMiddleOfAPageLosesThatPageOnly) {
  upsert(Entity::deal, {deal(1, "а", kStart)});
  writer_.reset();
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = Writer::open(paths_);
    if (!writer) ::_exit(2);
    Writer::Transaction page{**writer};
    (*writer)->upsert(Entity::deal, std::vector{deal(2, "б", kStart)}, kStart, calendar_);
    page.commit();
    Writer::Transaction next{**writer};
    std::vector<Record> many;
    for (int i = 3; i < 30000; ++i) many.push_back(deal(i, "в", kStart));
    (*writer)->upsert(Entity::deal, many, kStart, calendar_);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  open_writer();
  EXPECT_EQ(rows("SELECT id FROM deals"), (Rows{"1", "2"}));
  EXPECT_EQ(count(Entity::deal), 2);
  EXPECT_EQ(rows("PRAGMA integrity_check"), Rows{"ok"});
}

TEST_F(MirrorTest, ARecordOfTheWrongShapeIsABug) {
  Writer::Transaction transaction{*writer_};
  const Record wrong[] = {{1, {integer(5)}, {}}};
  EXPECT_THROW(writer_->upsert(Entity::deal, wrong, kStart, calendar_), std::logic_error);
}

}  // namespace
}  // namespace b24
