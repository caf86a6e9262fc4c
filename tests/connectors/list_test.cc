#include "connectors/bitrix24/list.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/connectors/http_server.h"
#include "tests/support/fake_clock.h"

namespace b24 {
namespace {

using Json = nlohmann::ordered_json;
using test::HttpServer;
using test::Reply;
using test::Seen;

std::string decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

// The rows of one method, and how it misbehaves.
struct Rows {
  std::vector<std::int64_t> ids;
  bool ignores_id = false;  // the filter by id does nothing
  bool ignores_start = false;
  std::string error;           // refuses everything
  int faults = 0;              // so many commands fail with a passing fault first
  std::set<std::int64_t> bad;  // these rows have an id that cannot be read
};

// Lists by id and batches with references, as the documentation describes them, and nothing else.
class SmallPortal {
 public:
  SmallPortal() : server_([this](const Seen& seen) { return answer(seen); }) {}

  Rows& rows(const std::string& method) { return methods_[method]; }
  Webhook webhook() const {
    return *parse_webhook(
        Secret("http://127.0.0.1:" + std::to_string(server_.port()) + "/rest/1/key/"));
  }
  std::size_t requests() const { return server_.seen().size(); }
  std::vector<Seen> seen() const { return server_.seen(); }

  std::size_t commands = 0;
  std::size_t counted = 0;  // commands that asked for a count
  std::size_t garbage = 0;  // commands whose reference did not resolve
  int cut_batches = 0;      // so many batches fail as a whole first
  std::size_t most = 50;    // larger batches fail as a whole

 private:
  using Query = std::map<std::string, std::string>;

  static Query parse(const std::string& text) {
    Query query;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('&', at), text.size());
      const std::string pair = text.substr(at, end - at);
      const std::size_t equals = pair.find('=');
      if (equals != std::string::npos) {
        query[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
      }
      at = end + 1;
    }
    return query;
  }

  // "$result[a][items][49][id]" or the text itself.
  static std::string resolved(const std::string& text, const Json& results) {
    if (!text.starts_with("$result")) return text;
    const Json* at = &results;
    std::size_t from = text.find('[');
    while (from != std::string::npos) {
      const std::size_t to = text.find(']', from);
      const std::string name = text.substr(from + 1, to - from - 1);
      if (at->is_array()) {
        const std::size_t index = std::stoul(name);
        if (index >= at->size()) return text;
        at = &(*at)[index];
      } else {
        const auto found = at->find(name);
        if (found == at->end()) return text;
        at = &*found;
      }
      from = text.find('[', to);
    }
    return at->is_string() ? at->get<std::string>() : at->dump();
  }

  Reply answer(const Seen& seen) {
    const Json cmd = Json::parse(seen.body).at("cmd");
    if (cut_batches > 0 || cmd.size() > most) {
      --cut_batches;
      return {"<html>", 504};
    }
    Json results = Json::object();
    Json errors = Json::object();
    Json totals = Json::object();
    for (const auto& [key, value] : cmd.items()) {
      const std::string text = value.get<std::string>();
      const std::size_t mark = text.find('?');
      run(key, text.substr(0, mark), parse(text.substr(mark + 1)), results, errors, totals);
    }
    const auto map = [](const Json& j) { return j.empty() ? Json::array() : j; };
    const Json body = {{"result",
                        {{"result", map(results)},
                         {"result_error", map(errors)},
                         {"result_total", map(totals)},
                         {"result_next", Json::array()},
                         {"result_time", Json::array()}}},
                       {"time", {{"date_start", "2026-11-21T10:00:00+03:00"}}}};
    return {body.dump()};
  }

  void run(const std::string& key, const std::string& method, const Query& query, Json& results,
           Json& errors, Json& totals) {
    ++commands;
    Rows& rows = methods_.at(method);
    if (!rows.error.empty() || rows.faults > 0) {
      const bool final = !rows.error.empty();
      if (!final) --rows.faults;
      errors[key] = {{"error", final ? rows.error : "INTERNAL_SERVER_ERROR"},
                     {"error_description", ""}};
      return;
    }
    std::int64_t after = -1;
    std::set<std::int64_t> only;
    std::int64_t start = 0;
    for (const auto& [name, value] : query) {
      if (name.find("[>id]") != std::string::npos || name.find("[>ID]") != std::string::npos) {
        const std::string text = resolved(value, results);
        if (text.starts_with("$")) ++garbage;
        after = text.starts_with("$") ? 0 : std::stoll(text);
      }
      if (name.find("[@id]") != std::string::npos || name.find("[@ID]") != std::string::npos ||
          name.find("[ID][") != std::string::npos) {
        only.insert(std::stoll(value));
      }
      if (name == "start" || name == "START") start = std::stoll(value);
    }
    const bool lists_by_id = method != "department.get" && method != "crm.status.list";
    std::vector<std::int64_t> found;
    for (const std::int64_t id : rows.ids) {
      const bool wanted = !lists_by_id || rows.ignores_id || id > after;
      if (wanted && (only.empty() || only.contains(id))) found.push_back(id);
    }
    if (start >= 0) {
      ++counted;
      totals[key] = found.size();
    }
    const bool wrapped = method == "crm.item.list" || method == "crm.stagehistory.list";
    const auto first =
        rows.ignores_start ? 0 : static_cast<std::size_t>(std::max<std::int64_t>(start, 0));
    const std::size_t limit = rows.ignores_start ? found.size() : 50;
    Json list = Json::array();
    for (std::size_t i = first; i < found.size() && list.size() < limit; ++i) {
      list.push_back(row(method, found[i], rows.bad.contains(found[i])));
    }
    if (wrapped) {
      results[key] = {{"items", list}};
    } else if (method == "tasks.task.list") {
      results[key] = {{"tasks", list}};
    } else {
      results[key] = list;
    }
  }

  static Json row(const std::string& method, std::int64_t id, bool bad) {
    if (method == "crm.item.list") return {{"id", bad ? Json("?") : Json(id)}, {"title", "d"}};
    if (method == "tasks.task.list") return {{"id", std::to_string(id)}, {"title", "t"}};
    if (method == "crm.stagehistory.list") {
      return {{"ID", id}, {"OWNER_ID", 5}, {"CREATED_TIME", "2026-11-21T10:00:00+03:00"}};
    }
    return {{"ID", std::to_string(id)}, {"NAME", "n"}, {"ENTITY_ID", "STATUS"}, {"STATUS_ID", "x"}};
  }

  std::map<std::string, Rows> methods_;
  HttpServer server_;
};

std::vector<std::int64_t> numbers(std::int64_t count, std::int64_t step = 1) {
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 1; i <= count; ++i) ids.push_back(i * step);
  return ids;
}

class ListTest : public testing::Test {
 protected:
  ListTest() : client_(portal_.webhook(), {}, clock_) {
    for (const EntitySpec& s : specs()) portal_.rows(std::string(s.method));
  }

  // Reads to the end; the ids of each list in the order they came.
  void read(std::vector<ListRequest> lists) {
    read_.assign(lists.size(), {});
    parts_.assign(lists.size(), {});
    rejected_ = 0;
    ListReader reader(client_, std::move(lists), hours{3});
    for (int turn = 0; !reader.done(); ++turn) {
      ASSERT_LT(turn, 300) << "never ends";
      auto answer = reader.next({});
      if (!answer) {
        ASSERT_EQ(answer.error().kind, ErrorKind::unavailable) << answer.error().text;
        ++failures_;
        continue;
      }
      for (ListPart& part : answer->parts) {
        for (const Record& record : part.records) read_[part.list].push_back(record.id);
        rejected_ += part.rejected.size();
        parts_[part.list] = std::move(part);
      }
    }
  }
  const std::vector<std::int64_t>& got(std::size_t list = 0) const { return read_.at(list); }

  FakeClock clock_;
  SmallPortal portal_;
  Client client_;
  std::vector<std::vector<std::int64_t>> read_;
  std::vector<ListPart> parts_;  // the last of each list
  std::size_t rejected_ = 0;
  int failures_ = 0;
};

ListRequest all(Entity entity) {
  ListRequest request;
  request.entity = entity;
  return request;
}

TEST_F(ListTest, ReadsEveryRowOnceInAlmostTheFewestRequests) {
  for (const std::int64_t count : {0, 1, 49, 50, 51, 99, 100, 101, 2499, 2500, 2550, 2551, 5100}) {
    portal_.rows("crm.item.list").ids = numbers(count, 3);
    const std::size_t before = portal_.requests();
    portal_.garbage = 0;
    read({all(Entity::deal)});
    EXPECT_EQ(got(), numbers(count, 3)) << count;
    EXPECT_EQ(parts_[0].total, count);
    EXPECT_EQ(parts_[0].last_id, count * 3);
    const std::size_t requests = portal_.requests() - before;
    EXPECT_LE(requests, static_cast<std::size_t>(count) / 2500 + 2) << count;
    EXPECT_EQ(requests == 1, count < 50) << count;
    EXPECT_EQ(portal_.garbage, 0U) << count;  // chains are sized exactly
  }
}

// A millisecond passes at every look, as it now and then does on a busy machine.
class HurriedClock : public FakeClock {
 public:
  SteadyTime steady_now() const override {
    return FakeClock::steady_now() + milliseconds{++looks_};
  }

 private:
  mutable std::atomic<int> looks_ = 0;
};

TEST_F(ListTest, WhatIsReadyGoesInOneBatchHoweverTimeFlies) {
  HurriedClock clock;
  Client client{portal_.webhook(), {}, clock};
  for (const char* method : {"crm.item.list", "tasks.task.list", "voximplant.statistic.get"}) {
    portal_.rows(method).ids = numbers(3);
  }
  ListReader reader{client, {all(Entity::deal), all(Entity::task), all(Entity::call)}, hours{3}};
  const auto answer = reader.next({});
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->parts.size(), 3U);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(portal_.requests(), 1U);
}

TEST_F(ListTest, ReadsEveryKindOfList) {
  portal_.rows("tasks.task.list").ids = numbers(130);
  portal_.rows("voximplant.statistic.get").ids = numbers(260);
  portal_.rows("user.get").ids = numbers(70);
  portal_.rows("department.get").ids = numbers(120);
  portal_.rows("crm.status.list").ids = numbers(80);
  portal_.rows("crm.status.list").ignores_start = true;  // gives all at once
  portal_.rows("crm.activity.list").ids = numbers(230, 7);
  portal_.rows("crm.stagehistory.list").ids = numbers(170, 5);
  read({all(Entity::task), all(Entity::call), all(Entity::user), all(Entity::department),
        all(Entity::stage), all(Entity::activity), all(Entity::deal_move)});
  EXPECT_EQ(got(0), numbers(130));
  EXPECT_EQ(got(1), numbers(260));
  EXPECT_EQ(got(2), numbers(70));
  EXPECT_EQ(got(3), numbers(120));
  EXPECT_EQ(got(4), numbers(80));
  EXPECT_EQ(got(5), numbers(230, 7));
  EXPECT_EQ(got(6), numbers(170, 5));
  EXPECT_EQ(portal_.requests(), 2U);  // one that counts, one for all the rest
  EXPECT_EQ(portal_.garbage, 0U);
}

TEST_F(ListTest, ALookAtListsWithoutChangesIsOneRequest) {
  ListRequest deals = all(Entity::deal);
  deals.since = from_unix(1'795'244'400);
  ListRequest calls = all(Entity::call);
  calls.after_id = 77;
  portal_.rows("voximplant.statistic.get").ids = numbers(77);
  read({deals, all(Entity::task), calls});
  EXPECT_EQ(portal_.requests(), 1U);
  EXPECT_EQ(portal_.commands, 3U);
  EXPECT_EQ(parts_[2].last_id, 77);
  // Times in filters carry the portal's offset.
  EXPECT_NE(decoded(portal_.seen()[0].body).find("[>=updatedTime]=2026-11-21T10:00:00+03:00"),
            std::string::npos);
}

TEST_F(ListTest, GoesOnAfterAnIdWithAKnownNumberOfRows) {
  portal_.rows("crm.item.list").ids = numbers(3000);
  ListRequest request = all(Entity::deal);
  request.after_id = 1000;
  request.expected = 2000;
  read({request});
  EXPECT_EQ(got().size(), 2000U);
  EXPECT_EQ(got().front(), 1001);
  EXPECT_EQ(portal_.requests(), 1U);
  EXPECT_EQ(portal_.counted, 0U);
}

TEST_F(ListTest, CopesWithAWrongExpectation) {
  portal_.rows("crm.item.list").ids = numbers(1000);
  ListRequest request = all(Entity::deal);
  for (const std::int64_t expected : {0, 10, 50, 100, 5000}) {
    request.expected = expected;
    read({request});
    EXPECT_EQ(got(), numbers(1000)) << expected;
  }
  EXPECT_GT(portal_.garbage, 0U);  // the last one asked for far too much, and threw it away
}

TEST_F(ListTest, TurnsToPagingWhenTheFilterByIdDoesNotHold) {
  portal_.rows("voximplant.statistic.get").ids = numbers(333);
  portal_.rows("voximplant.statistic.get").ignores_id = true;
  read({all(Entity::call)});
  EXPECT_EQ(std::set<std::int64_t>(got().begin(), got().end()).size(), 333U);
  EXPECT_LE(portal_.requests(), 4U);
}

TEST_F(ListTest, TurnsToPagingWhenTheOrderIsWrong) {
  auto ids = numbers(120);
  std::reverse(ids.begin(), ids.end());
  portal_.rows("voximplant.statistic.get").ids = ids;
  portal_.rows("voximplant.statistic.get").ignores_id = true;
  read({all(Entity::call)});
  EXPECT_EQ(got(), ids);
}

TEST_F(ListTest, OutOfOrderNothingCanGoOnInTheMiddle) {
  auto ids = numbers(6000);
  std::reverse(ids.begin(), ids.end());
  portal_.rows("voximplant.statistic.get").ids = ids;
  portal_.rows("voximplant.statistic.get").ignores_id = true;
  ListRequest calls = all(Entity::call);
  calls.after_id = 7;
  ListReader reader(client_, {calls}, hours{3});
  int parts = 0;
  for (std::int64_t last = 0; !reader.done(); ++parts) {
    ASSERT_LT(parts, 10);
    const auto answer = reader.next({});
    ASSERT_TRUE(answer);
    last = answer->parts[0].last_id;
    EXPECT_EQ(last, reader.done() ? 6000 : 7);
  }
  EXPECT_GT(parts, 2);
}

TEST_F(ListTest, EndsWhenAMethodGivesTheSameAgainAndAgain) {
  portal_.rows("voximplant.statistic.get").ids = numbers(50);
  portal_.rows("voximplant.statistic.get").ignores_id = true;
  portal_.rows("voximplant.statistic.get").ignores_start = true;
  read({all(Entity::call)});
  EXPECT_EQ(std::set<std::int64_t>(got().begin(), got().end()).size(), 50U);
}

TEST_F(ListTest, ReadsGivenObjectsFiftyToAPage) {
  portal_.rows("crm.item.list").ids = numbers(1000, 2);
  ListRequest request = all(Entity::deal);
  request.ids = numbers(130);
  read({request});
  EXPECT_EQ(got(), numbers(65, 2));  // the odd ones do not exist
  EXPECT_EQ(portal_.requests(), 1U);
  EXPECT_EQ(portal_.commands, 3U);
}

TEST_F(ListTest, AListWithoutRightsDoesNotStopTheOthers) {
  portal_.rows("voximplant.statistic.get").error = "insufficient_scope";
  portal_.rows("crm.item.list").ids = numbers(120);
  read({all(Entity::call), all(Entity::deal)});
  ASSERT_TRUE(parts_[0].failed);
  EXPECT_EQ(parts_[0].failed->kind, ErrorKind::no_rights);
  EXPECT_TRUE(parts_[0].done);
  EXPECT_EQ(got(1), numbers(120));
  EXPECT_FALSE(parts_[1].failed);
}

TEST_F(ListTest, WaitsForAMethodWhoseBudgetIsSpent) {
  portal_.rows("crm.item.list").error = "OPERATION_TIME_LIMIT";
  portal_.rows("tasks.task.list").ids = numbers(60);
  ListReader reader(client_, {all(Entity::deal), all(Entity::task)}, hours{3});
  auto first = reader.next({});
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->parts[0].done);
  EXPECT_FALSE(first->parts[0].failed);
  auto second = reader.next({});
  ASSERT_TRUE(second);
  ASSERT_EQ(second->parts.size(), 1U);  // the tasks alone go on
  EXPECT_TRUE(second->parts[0].done);
  portal_.rows("crm.item.list").error = "";
  const SteadyTime before = clock_.steady_now();
  auto third = reader.next({});
  ASSERT_TRUE(third);
  EXPECT_EQ(clock_.steady_now() - before, seconds{10});
  EXPECT_TRUE(reader.done());
}

TEST_F(ListTest, GoesOnAfterPassingFaultsWithoutLosingRows) {
  portal_.rows("crm.item.list").ids = numbers(1000);
  portal_.rows("crm.item.list").faults = 2;
  read({all(Entity::deal)});
  EXPECT_EQ(got(), numbers(1000));

  portal_.rows("crm.item.list").faults = 1000;
  read({all(Entity::deal)});
  ASSERT_TRUE(parts_[0].failed);
  EXPECT_EQ(parts_[0].failed->kind, ErrorKind::unavailable);
}

TEST_F(ListTest, MakesBatchesSmallerWhenThePortalCutsThem) {
  portal_.rows("crm.item.list").ids = numbers(3000);
  portal_.most = 13;
  read({all(Entity::deal)});
  EXPECT_EQ(got(), numbers(3000));
  EXPECT_GT(failures_, 0);
}

TEST_F(ListTest, DoesWithoutACountThatThePortalCannotGive) {
  portal_.rows("crm.item.list").ids = numbers(700);
  portal_.cut_batches = 4;  // all attempts of the first batch
  read({all(Entity::deal)});
  EXPECT_EQ(failures_, 1);
  EXPECT_EQ(got(), numbers(700));
  EXPECT_EQ(portal_.counted, 0U);
}

TEST_F(ListTest, KeepsRowsWhoseIdCannotBeRead) {
  portal_.rows("crm.item.list").ids = numbers(200);
  portal_.rows("crm.item.list").bad = {50, 77, 120};
  read({all(Entity::deal)});
  EXPECT_EQ(got().size(), 197U);
  EXPECT_GE(rejected_, 3U);
}

TEST_F(ListTest, SharesABatchAmongListsOfAnySize) {
  portal_.rows("crm.item.list").ids = numbers(4000);
  portal_.rows("tasks.task.list").ids = numbers(300);
  portal_.rows("voximplant.statistic.get").ids = numbers(2000);
  read({all(Entity::deal), all(Entity::task), all(Entity::call)});
  EXPECT_EQ(got(0), numbers(4000));
  EXPECT_EQ(got(1), numbers(300));
  EXPECT_EQ(got(2), numbers(2000));
  EXPECT_LE(portal_.requests(), 4U);  // 6,300 rows: three full batches and the one that counts
}

TEST_F(ListTest, StopsWhenAsked) {
  portal_.rows("crm.item.list").ids = numbers(10);
  std::stop_source stop;
  stop.request_stop();
  ListReader reader(client_, {all(Entity::deal)}, hours{3});
  const auto answer = reader.next(stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::stopped);
}

}  // namespace
}  // namespace b24
