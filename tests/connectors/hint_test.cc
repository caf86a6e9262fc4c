#include "connectors/bitrix24/hint.h"

#include <gtest/gtest.h>

#include "tests/support/mangle.h"

namespace b24 {
namespace {

const Secret kToken("51856fefc120afa4b628cc82d3935cce");
constexpr char kAuth[] =
    "&ts=1466439714&auth%5Bdomain%5D=some-domain.bitrix24.com"
    "&auth%5Bapplication_token%5D=51856fefc120afa4b628cc82d3935cce";

Result<std::vector<Hint>> parse(const std::string& text) {
  return parse_event(text + kAuth, kToken);
}

TEST(HintTest, ReadsTheEventsWeMirror) {
  const struct {
    const char* body;
    Hint want;
  } cases[] = {
      {"event=ONCRMDEALADD&event_handler_id=185&data%5BFIELDS%5D%5BID%5D=6641",
       {Entity::deal, 6641}},
      {"event=OnCrmDealUpdate&data[FIELDS][ID]=759", {Entity::deal, 759}},
      {"event=ONCRMDEALDELETE&data%5bFIELDS%5d%5bID%5d=1765", {Entity::deal, 1765}},
      {"event=ONCRMDEALMOVETOCATEGORY&data[FIELDS][ID]=6675&data[FIELDS][CATEGORY_ID]=1"
       "&data[FIELDS][STAGE_ID]=C1%3ANEW",
       {Entity::deal, 6675}},
      {"event=ONTASKADD&data[FIELDS_BEFORE]=undefined&data[FIELDS_AFTER][ID]=123",
       {Entity::task, 123}},
      {"event=ONTASKUPDATE&data[FIELDS_BEFORE][ID]=123&data[FIELDS_AFTER][ID]=123",
       {Entity::task, 123}},
      {"event=ONTASKDELETE&data[FIELDS_BEFORE][ID]=123&data[FIELDS_AFTER]=undefined",
       {Entity::task, 123}},
      {"event=ONVOXIMPLANTCALLEND&data[CALL_ID]=externalCall.7b0c&data[CALL_DURATION]=0",
       {Entity::call, 0}},
      {"event=ONUSERADD&data[ID]=123&data[NAME]=%D0%98%D0%BC%D1%8F", {Entity::user, 123}},
      {"event=ONCRMLEADADD&data[FIELDS][ID]=11", {Entity::lead, 11}},
      {"event=ONCRMLEADUPDATE&data[FIELDS][ID]=12", {Entity::lead, 12}},
      {"event=ONCRMLEADDELETE&data[FIELDS][ID]=13", {Entity::lead, 13}},
      {"event=ONCRMCONTACTADD&data[FIELDS][ID]=21", {Entity::contact, 21}},
      {"event=onCrmContactUpdate&data[FIELDS][ID]=22", {Entity::contact, 22}},
      {"event=ONCRMCONTACTDELETE&data[FIELDS][ID]=23", {Entity::contact, 23}},
      {"event=ONCRMCOMPANYADD&data[FIELDS][ID]=31", {Entity::company, 31}},
      {"event=ONCRMCOMPANYUPDATE&data[FIELDS][ID]=32", {Entity::company, 32}},
      {"event=ONCRMCOMPANYDELETE&data[FIELDS][ID]=33", {Entity::company, 33}},
      {"event=ONCRMQUOTEADD&data[FIELDS][ID]=41", {Entity::quote, 41}},
      {"event=ONCRMQUOTEUPDATE&data[FIELDS][ID]=42", {Entity::quote, 42}},
      {"event=ONCRMQUOTEDELETE&data[FIELDS][ID]=43", {Entity::quote, 43}},
      {"event=ONCRMACTIVITYADD&data[FIELDS][ID]=51", {Entity::activity, 51}},
      {"event=ONCRMACTIVITYUPDATE&data[FIELDS][ID]=52", {Entity::activity, 52}},
      {"event=ONCRMACTIVITYDELETE&data[FIELDS][ID]=53", {Entity::activity, 53}},
      {"event=ONCRMDYNAMICITEMADD&data[FIELDS][ID]=61&data[FIELDS][ENTITY_TYPE_ID]=31",
       {Entity::invoice, 61}},
      {"event=ONCRMDYNAMICITEMUPDATE&data[FIELDS][ID]=62&data[FIELDS][ENTITY_TYPE_ID]=31",
       {Entity::invoice, 62}},
      {"event=ONCRMDYNAMICITEMDELETE&data[FIELDS][ID]=63&data[FIELDS][ENTITY_TYPE_ID]=31",
       {Entity::invoice, 63}},
      {"event=ONCRMDYNAMICITEMADD_31&data[FIELDS][ID]=64", {Entity::invoice, 64}},
      {"event=ONCRMDYNAMICITEMUPDATE_31&data[FIELDS][ID]=65", {Entity::invoice, 65}},
      {"event=ONCRMDYNAMICITEMDELETE_31&data[FIELDS][ID]=66", {Entity::invoice, 66}},
  };
  for (const auto& c : cases) {
    const auto hints = parse(c.body);
    ASSERT_TRUE(hints) << c.body;
    ASSERT_EQ(hints->size(), 1U) << c.body;
    EXPECT_EQ(hints->front(), c.want) << c.body;
  }
}

TEST(HintTest, PassesOverWhatIsNotMirrored) {
  for (const char* body :
       {"event=ONCRMTYPEADD&data[FIELDS][ID]=1", "event=ONAPPTEST",
        // A smart process that is no invoice, and one that does not say what it is.
        "event=ONCRMDYNAMICITEMADD&data[FIELDS][ID]=1&data[FIELDS][ENTITY_TYPE_ID]=147",
        "event=ONCRMDYNAMICITEMUPDATE_147&data[FIELDS][ID]=1",
        "event=ONCRMDYNAMICITEMADD&data[FIELDS][ID]=1"}) {
    const auto hints = parse(body);
    ASSERT_TRUE(hints) << body;
    EXPECT_TRUE(hints->empty()) << body;
  }
}

TEST(HintTest, RefusesAForeignToken) {
  const std::string body = "event=ONCRMDEALADD&data[FIELDS][ID]=1";
  const struct {
    std::string body;
    Secret token;
  } cases[] = {
      {body, kToken},
      {body + "&auth[application_token]=", kToken},
      {body + "&auth[application_token]=51856fefc120afa4b628cc82d3935ccf", kToken},
      {body + "&auth[application_token]=", Secret()},
      {body, Secret()},
      {body + kAuth, Secret()},
  };
  for (const auto& c : cases) {
    const auto hints = parse_event(c.body, c.token);
    ASSERT_FALSE(hints);
    EXPECT_EQ(hints.error().kind, ErrorKind::no_rights);
    EXPECT_EQ(
        hints.error().text,
        "Событие пришло с чужим ключом приложения – проверьте application_token в настройках и "
        "в исходящем вебхуке портала.");
  }
}

TEST(HintTest, RefusesWhatIsNoEvent) {
  for (const std::string& body :
       {std::string("data[FIELDS][ID]=1"), std::string("event="), std::string("event=ONCRMDEALADD"),
        std::string("event=ONCRMDEALADD&data[FIELDS][ID]=0"),
        std::string("event=ONCRMDEALADD&data[FIELDS][ID]=-5"),
        std::string("event=ONCRMDEALADD&data[FIELDS][ID]=7x"),
        std::string("event=ONCRMDEALADD&data[FIELDS][ID]=99999999999999999999"),
        std::string("event=ONTASKADD&data[FIELDS_AFTER]=undefined"), std::string("{\"event\":1}"),
        std::string("event=ONCRMDEALADD&data[FIELDS][ID]=1&x=") + std::string(70'000, 'a')}) {
    const auto hints = parse(body);
    ASSERT_FALSE(hints) << body.substr(0, 80);
    EXPECT_EQ(hints.error().kind, ErrorKind::invalid_input) << body.substr(0, 80);
    EXPECT_EQ(hints.error().text, "Это не событие Битрикс24.");
  }
}

TEST(HintTest, NeverCrashesOnRubbish) {
  const std::string good = "event=ONCRMDEALADD&data%5BFIELDS%5D%5BID%5D=6641" + std::string(kAuth);
  int understood = 0;
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    const std::string text = test::mangle(good, seed, "=&%[]", 2);
    if (parse_event(text, kToken)) ++understood;
  }
  EXPECT_GT(understood, 0);
}

TEST(HintTest, ReadsRecordsOfTheQueue) {
  struct Case {
    const char* event;
    const char* data;
    std::optional<Hint> want;
  };
  const Case cases[] = {
      {"ONCRMDEALUPDATE", R"({"FIELDS":{"ID":"7"}})", Hint{Entity::deal, 7}},
      {"onCrmDealDelete", R"({"FIELDS":{"ID":7}})", Hint{Entity::deal, 7}},
      {"ONCRMDEALUPDATE", R"([{"FIELDS":{"ID":7}}])", Hint{Entity::deal, 7}},
      {"ONTASKDELETE", R"({"FIELDS_BEFORE":{"ID":"9"},"FIELDS_AFTER":"undefined"})",
       Hint{Entity::task, 9}},
      {"ONCRMDYNAMICITEMUPDATE", R"({"FIELDS":{"ID":3,"ENTITY_TYPE_ID":31}})",
       Hint{Entity::invoice, 3}},
      {"ONCRMDYNAMICITEMUPDATE", R"({"FIELDS":{"ID":3,"ENTITY_TYPE_ID":"180"}})", std::nullopt},
      // Says that there is something, and not what.
      {"ONCRMDEALUPDATE", "false", Hint{Entity::deal, 0}},
      {"ONCRMDEALUPDATE", "", Hint{Entity::deal, 0}},
      {"ONCRMDEALUPDATE", R"({"FIELDS":{"ID":"-1"}})", Hint{Entity::deal, 0}},
      {"ONCRMDEALUPDATE", R"({"FIELDS":{"ID":[[[[[1]]]]]}})", Hint{Entity::deal, 0}},
      {"ONVOXIMPLANTCALLEND", R"({"CALL_ID":"x"})", Hint{Entity::call, 0}},
      {"ONCALENDARENTRYADD", R"({"id":7})", std::nullopt},
  };
  for (const Case& c : cases)
    EXPECT_EQ(hint_of_record(c.event, c.data), c.want) << c.event << c.data;
  const auto names = understood_events();
  EXPECT_EQ(std::count(names.begin(), names.end(), "ONCRMDEALDELETE"), 1);
  for (const auto name : names) EXPECT_TRUE(hint_of_record(name, "false")) << name;
}

}  // namespace
}  // namespace b24
