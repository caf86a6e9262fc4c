#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/portal/http_call.h"
#include "tests/portal/php.h"
#include "tests/portal/portal.h"
#include "tests/portal/text.h"

namespace b24::sim {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

PortalOptions small() {
  return {.managers = 3,
          .departments = 1,
          .deals = 30,
          .tasks = 30,
          .calls = 60,
          .now = parse_time("2026-11-20T12:00:00+03:00")};
}

TEST(PortalWireTest, AnswersInTheEnvelopeOfTheDocs) {
  Portal portal{small()};
  portal.start();
  const HttpResult result =
      http_call(portal.webhook() + "crm.item.list", R"({"entityTypeId":2})", kJson);
  ASSERT_EQ(result.status, 200);
  EXPECT_EQ(result.headers.at("content-type"), "application/json; charset=utf-8");
  const Json answer = Json::parse(result.body);
  EXPECT_EQ(answer["total"], 30);
  EXPECT_FALSE(answer.contains("next"));
  std::set<std::string> keys;
  for (const auto& [key, value] : answer["time"].items()) keys.insert(key);
  EXPECT_EQ(keys, (std::set<std::string>{"start", "finish", "duration", "processing", "date_start",
                                         "date_finish", "operating_reset_at", "operating"}));
  EXPECT_EQ(answer["time"]["date_start"], "2026-11-20T12:00:00+03:00");
  EXPECT_TRUE(answer["time"]["operating_reset_at"].is_number_integer());
}

struct WireCase {
  const char* what;
  std::string path;
  std::string body;
  std::string_view type;
  int status;
  const char* error;  // "" for success
};

TEST(PortalWireTest, SaysWhatIsWrongWithACall) {
  PortalOptions options = small();
  options.scopes = {"crm", "user_brief"};
  Portal portal{options};
  portal.start();
  const WireCase cases[] = {
      {"good", "/rest/1/secret/profile", "{}", kJson, 200, ""},
      {"suffix", "/rest/1/secret/profile.json", "{}", kJson, 200, ""},
      {"slash", "/rest/1/secret/profile/", "{}", kJson, 200, ""},
      {"letter case", "/rest/1/secret/CRM.Item.List", R"({"entityTypeId":2})", kJson, 200, ""},
      {"GET", "/rest/1/secret/crm.item.list?entityTypeId=2&filter[%3Eid]=5", "", "", 200, ""},
      {"form", "/rest/1/secret/crm.item.list", "entityTypeId=2&select[]=id", kForm, 200, ""},
      {"wrong secret", "/rest/1/other/profile", "{}", kJson, 401, "INVALID_CREDENTIALS"},
      {"wrong user", "/rest/2/secret/profile", "{}", kJson, 401, "INVALID_CREDENTIALS"},
      {"no secret", "/rest/profile", "{}", kJson, 401, "NO_AUTH_FOUND"},
      {"no method", "/rest/1/secret/crm.no.such", "{}", kJson, 404, "ERROR_METHOD_NOT_FOUND"},
      {"scope", "/rest/1/secret/tasks.task.list", "{}", kJson, 403, "insufficient_scope"},
      {"event.bind", "/rest/1/secret/event.bind", "{}", kJson, 403, "WRONG_AUTH_TYPE"},
      {"no JSON", "/rest/1/secret/profile", "{", kJson, 400, "INVALID_REQUEST"},
  };
  for (const WireCase& c : cases) {
    SCOPED_TRACE(c.what);
    const HttpResult result = http_call(portal.url() + c.path, c.body, c.type);
    EXPECT_EQ(result.status, c.status);
    const Json answer = Json::parse(result.body);
    EXPECT_EQ(answer.value("error", ""), c.error);
    EXPECT_EQ(answer.contains("error_description"), c.status != 200);
  }
}

TEST(PortalWireTest, CompressesWhenAsked) {
  Portal portal{small()};
  portal.start();
  const std::string url = portal.webhook() + "crm.item.list";
  const HttpResult packed = http_call(url, R"({"entityTypeId":2})", kJson, "gzip, deflate");
  const HttpResult plain = http_call(url, R"({"entityTypeId":2})", kJson);
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_FALSE(plain.headers.contains("content-encoding"));
  EXPECT_EQ(Json::parse(gunzip(packed.body))["result"], Json::parse(plain.body)["result"]);
  EXPECT_LT(packed.body.size(), plain.body.size());
}

TEST(PortalWireTest, ShowsAManagerOnlyWhatIsHis) {
  PortalOptions options = small();
  options.admin = false;
  Portal portal{options};
  portal.start();
  EXPECT_EQ(portal.webhook().find("/rest/1/"), std::string::npos);
  const Json profile = Json::parse(http_call(portal.webhook() + "profile", "{}", kJson).body);
  EXPECT_EQ(profile["result"]["ADMIN"], false);
  const auto owner = php_int(profile["result"]["ID"].get<std::string>());
  const Json deals = Json::parse(
      http_call(portal.webhook() + "crm.item.list", R"({"entityTypeId":2})", kJson).body);
  ASSERT_FALSE(deals["result"]["items"].empty());
  EXPECT_LT(deals["result"]["items"].size(), portal.count(Entity::deal));
  for (const Json& deal : deals["result"]["items"]) EXPECT_EQ(deal["assignedById"], owner);
  // Nor does the history tell him of others' cards.
  const Json moves = Json::parse(
      http_call(portal.webhook() + "crm.stagehistory.list", R"({"entityTypeId":2})", kJson).body);
  ASSERT_FALSE(moves["result"]["items"].empty());
  EXPECT_LT(moves["total"], portal.count(Entity::deal_move));
  for (const Json& move : moves["result"]["items"]) {
    const Json deal = Json::parse(portal.row(Entity::deal, move["OWNER_ID"]));
    EXPECT_EQ(deal["assignedById"], owner);
  }
}

TEST(PortalWireTest, ComesBackAtTheSamePort) {
  Portal portal{small()};
  portal.start();
  const std::string webhook = portal.webhook();
  portal.stop();
  EXPECT_EQ(http_call(webhook + "profile", "{}", kJson).status, 0);
  portal.start();
  EXPECT_EQ(portal.webhook(), webhook);
  EXPECT_EQ(http_call(webhook + "profile", "{}", kJson).status, 200);
}

TEST(PortalWireTest, IsControlledOverHttp) {
  Portal portal{small()};
  portal.start();
  const std::string control = portal.url() + "/control/";
  EXPECT_EQ(http_call(control + "mutate", R"({"count":5,"seed":1})", kJson).status, 200);
  EXPECT_EQ(http_call(control + "faults", R"({"kind":"server_error"})", kJson).status, 200);
  EXPECT_EQ(http_call(control + "faults", "", "").body,
            R"([{"kind":"server_error","method":"","count":1}])");
  EXPECT_EQ(http_call(portal.webhook() + "profile", "{}", kJson).status, 500);
  EXPECT_EQ(http_call(portal.webhook() + "profile", "{}", kJson).status, 200);
  EXPECT_EQ(http_call(control + "faults", "", "").body, "[]");
  const Json counters = Json::parse(http_call(control + "counters", "", "").body);
  EXPECT_EQ(counters["requests"], 2);
  EXPECT_EQ(counters["refusals"]["INTERNAL_SERVER_ERROR"], 1);
  const Json rows = Json::parse(http_call(control + "rows/deal", "", "").body);
  EXPECT_EQ(rows.size(), portal.count(Entity::deal));
  EXPECT_EQ(http_call(control + "facts", "", "").body, portal.facts());
  EXPECT_EQ(http_call(control + "no-such", "", "").status, 404);
}

TEST(PortalWireTest, SpeaksTlsWhenGivenACertificate) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("b24portal_tls_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string key = folder / "key.pem";
  const std::string certificate = folder / "cert.pem";
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
      " -nodes -days 2 -subj /CN=127.0.0.1 -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no openssl program here";
  PortalOptions options = small();
  options.tls_certificate = certificate;
  options.tls_key = key;
  Portal portal{options};
  portal.start();
  EXPECT_TRUE(portal.webhook().starts_with("https://127.0.0.1:"));
  EXPECT_EQ(http_call(portal.webhook() + "profile", "{}", kJson).status, 200);
  std::filesystem::remove_all(folder);
}

TEST(PortalTextTest, EscapesAsPhpDoes) {
  EXPECT_EQ(quote("a/b \"c\" \\ \n\x01"), R"("a\/b \"c\" \\ \n\u0001")");
  EXPECT_EQ(quote("РОП"), R"("\u0420\u041e\u041f")");
  EXPECT_EQ(quote("🚀"), R"("\ud83d\ude80")");
  EXPECT_EQ(quote("\xff\xd0"), R"("\ufffd\ufffd")");
}

TEST(PortalTextTest, WritesNumbersAsTheDocsShowThem) {
  for (const auto& [number, text] :
       {std::pair{19000.0, "19000"}, {999.9, "999.9"}, {0.0, "0"}, {-2.5, "-2.5"}}) {
    std::string out;
    real(out, number);
    EXPECT_EQ(out, text);
  }
}

TEST(PortalTextTest, FollowsAPathThroughJson) {
  constexpr std::string_view kText = R"({"a":"x]}\"","items":[{"id":1},{"id":22,"b":[]}]})";
  const auto items = json_at(kText, "items");
  ASSERT_TRUE(items);
  EXPECT_EQ(json_at(*json_at(*items, "1"), "id"), "22");
  EXPECT_EQ(json_at(*items, "2"), std::nullopt);
  EXPECT_EQ(json_at(*items, "x"), std::nullopt);
  EXPECT_EQ(json_at(kText, "none"), std::nullopt);
  EXPECT_EQ(json_at("17", "0"), std::nullopt);
}

TEST(PortalPhpTest, ReadsFormsIntoTrees) {
  EXPECT_EQ(parse_form("filter[%3EID]=5&select[]=ID&select[]=TITLE&a=1+2").dump(),
            R"({"filter":{">ID":"5"},"select":["ID","TITLE"],"a":"1 2"})");
  EXPECT_EQ(parse_form("f[0][logic]=OR&f[0][0][x]=1").dump(),
            R"({"f":[{"logic":"OR","0":{"x":"1"}}]})");
  EXPECT_EQ(parse_form("").dump(), "{}");
  EXPECT_EQ(parse_form("a&b=").dump(), R"({"a":"","b":""})");
}

TEST(PortalPhpTest, ReadsNumbersFromTheStartOfAnyText) {
  EXPECT_EQ(php_int("12abc"), 12);
  EXPECT_EQ(php_int("$result[c0][49][ID]"), 0);
  EXPECT_EQ(php_int(" -3"), -3);
  EXPECT_EQ(php_int(""), 0);
}

TEST(PortalPhpTest, ReadsTimesInItsOwnZoneUnlessTheyCarryOne) {
  const auto noon = to_unix(*parse_time("2026-11-20T12:00:00+03:00"));
  for (const char* text : {"2026-11-20T12:00:00+03:00", "2026-11-20T09:00:00Z",
                           "2026-11-20 12:00:00", "20.11.2026 12:00:00", "20.11.2026 12:00"}) {
    EXPECT_EQ(to_time(text, hours{3}), noon) << text;
  }
  EXPECT_EQ(to_time("2026-11-20", hours{3}), noon - 12 * 3600);
  EXPECT_EQ(to_time("вчера", hours{3}), std::nullopt);
}

}  // namespace
}  // namespace b24::sim
