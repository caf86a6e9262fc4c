#include "rules/text.h"

#include <gtest/gtest.h>

#include "rules/base/language.h"
#include "tests/rules/team.h"

namespace b24 {
namespace {

using test::at;
using test::num;
using test::real;
using test::text;

class TextTest : public ::testing::Test {
 protected:
  ~TextTest() override { set_language(Language::ru); }

  TextContext context() const { return {calendar_, now_, "https://example.bitrix24.ru"}; }
  std::string render(std::string_view words, const std::map<std::string, Value>& values,
                     const std::map<std::string, std::string>& markup = {}) const {
    const auto parsed = Template::parse(words);
    return parsed ? parsed->render(values, context(), markup) : parsed.error().text;
  }

  Calendar calendar_ = test::make_calendar();
  Time now_ = at("2026-11-20 12:00");
};

TEST_F(TextTest, PlacesAreFilledIn) {
  const std::map<std::string, Value> values = {{"value", real(12)},
                                               {"title", text("Завод «Луч»")},
                                               {"empty", Value{}},
                                               {"stage", text("Новая")}};
  const std::pair<const char*, const char*> cases[] = {
      {"просрочено – {value}.", "просрочено – 12."},
      {"{title} на стадии «{ stage }»", "Завод «Луч» на стадии «Новая»"},
      {"{empty} и {missing|money}", "— и —"},
      {"{{value}} = {value}", "{value} = 12"},
      {"[b]{value}[/b]\nвторая строка", "[b]12[/b]\nвторая строка"},
      {"", ""},
  };
  for (const auto& [words, want] : cases) EXPECT_EQ(render(words, values), want);
}

TEST_F(TextTest, FiltersWriteValues) {
  const Value october = num(to_unix(at("2026-10-05 14:05")));
  const Value last_year = num(to_unix(at("2025-12-31 09:00")));
  const struct {
    const char* filter;
    Value value;
    const char* want;
  } cases[] = {
      {"money", real(1250000), "1\u202F250\u202F000"},
      {"money", num(999), "999"},
      {"money", real(-1000.4), "−1\u202F000"},
      {"money", real(-0.2), "0"},
      {"money", text("много"), "много"},
      {"number", real(6.25), "6,2"},
      {"number", real(12.0), "12"},
      {"number", real(0.05), "0,05"},
      {"number", real(-3.5), "−3,5"},
      {"round", real(6.5), "7"},
      {"round", real(-0.4), "0"},
      {"percent", real(-38.2), "−38 %"},
      {"percent", real(12), "12 %"},
      {"date", october, "05.10"},
      {"date", last_year, "31.12.2025"},
      {"date", text("2026-11-21"), "21.11"},
      {"date", text("завтра"), "завтра"},
      {"time", october, "14:05"},
      {"time", text("завтра"), "завтра"},
      {"datetime", october, "05.10 14:05"},
      {"datetime", last_year, "31.12.2025 09:00"},
      {"ago", num(to_unix(at("2026-11-17 11:00"))), "3 дня"},
      {"ago", num(to_unix(at("2026-11-20 09:45"))), "2 ч 15 мин"},
      {"ago", num(to_unix(at("2026-11-21 09:45"))), "21.11 09:45"},
      {"days", real(14.9), "14 дн."},
      {"days", real(13.9999999), "14 дн."},
      {"days", real(0.7), "меньше дня"},
      {"work_days", num(3), "3 раб. дн."},
      {"phone", text("+7 (916) 123-12-34"), "+7•••12-34"},
      {"phone", text("89161231234"), "+7•••12-34"},
      {"phone", num(79161231234), "+7•••12-34"},
      {"phone", text("4951231234"), "•••12-34"},
      {"phone", text("1234"), "1234"},
      {"plural:задача,задачи,задач", num(1), "1 задача"},
      {"plural:задача,задачи,задач", real(3), "3 задачи"},
      {"plural:задача,задачи,задач", real(2.5), "2,5 задачи"},
      {"round|plural:задача,задачи,задач", real(4.6), "5 задач"},
      {"round|money", real(4.6), "5"},
      {"money", Value{}, "—"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(render(std::string{"{x|"} + c.filter + "}", {{"x", c.value}}), c.want) << c.filter;
  }
}

TEST_F(TextTest, EnglishHasItsOwnWords) {
  set_language(Language::en);
  const struct {
    const char* filter;
    Value value;
    const char* want;
  } cases[] = {
      {"number", real(6.25), "6.2"},
      {"days", real(14.9), "14 d"},
      {"work_days", real(0.5), "less than a day"},
      {"work_days", real(2), "2 work d"},
      {"ago", num(to_unix(at("2026-11-19 11:00"))), "1 day"},
      {"ago", num(to_unix(at("2026-11-20 09:45"))), "2 h 15 min"},
      {"plural:task,task,tasks", num(1), "1 task"},
      {"plural:task,task,tasks", num(2), "2 tasks"},
      {"plural:task,task,tasks", num(21), "21 tasks"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(render(std::string{"{x|"} + c.filter + "}", {{"x", c.value}}), c.want) << c.filter;
  }
}

TEST_F(TextTest, MistakesInATemplateAreNamedWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"Всего {value", "символ 7: «{» не закрыта; сама скобка пишется «{{»"},
      {"{a{b}}", "символ 1: «{» не закрыта; сама скобка пишется «{{»"},
      {"Всего }", "символ 7: «}» без «{»; сама скобка пишется «}}»"},
      {"{}", "символ 1: в скобках нужно имя, например {value}"},
      {"{a b}", "символ 1: в скобках нужно имя, например {value}"},
      {"{a|rund}", "символ 1: неизвестный фильтр «rund»"},
      {"{a|}", "символ 1: неизвестный фильтр «»"},
      {"{a|money|round}", "символ 1: после «money» другого фильтра быть не может"},
      {"{a|money:2}", "символ 1: у фильтра «money» нет параметров"},
      {"{a|plural:задача}",
       "символ 1: plural нужны три слова через запятую: plural:задача,задачи,задач"},
      {"{a|plural}", "символ 1: plural нужны три слова через запятую: plural:задача,задачи,задач"},
  };
  for (const auto& [words, want] : cases) {
    const auto parsed = Template::parse(words);
    ASSERT_FALSE(parsed) << words;
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(parsed.error().text, want) << words;
  }
}

TEST_F(TextTest, NamesAreListed) {
  EXPECT_EQ(Template::parse("{a} {b|money} {a|round} {{c}}")->names(),
            (std::set<std::string>{"a", "b"}));
}

TEST_F(TextTest, ValuesBringNoMarkUp) {
  const std::map<std::string, Value> values = {
      {"title", text("[url=http://evil]Срочно[/url]\n>> цитата\t[b]")}};
  EXPECT_EQ(render("{title}", values), "(url=http://evil)Срочно(/url) » цитата (b)");
  EXPECT_EQ(render("{title|money}", values), "(url=http://evil)Срочно(/url) » цитата (b)");
  EXPECT_EQ(render("{manager}", {{"manager", text("[x]")}}, {{"manager", "[user=1]А[/user]"}}),
            "[user=1]А[/user]");
  EXPECT_EQ(user_link(17, "Иван [b] Иванов"), "[user=17]Иван (b) Иванов[/user]");
}

TEST_F(TextTest, LongValuesAreCut) {
  std::string title;
  for (int i = 0; i < 300; ++i) title += "ы";
  const std::string got = render("{title}", {{"title", text(title)}});
  EXPECT_EQ(visible_length(got), 201U);
  EXPECT_TRUE(got.ends_with("ы…"));
}

TEST_F(TextTest, PluralsFollowTheRussianRule) {
  const std::pair<double, const char*> cases[] = {
      {0, "задач"},  {1, "задача"},   {2, "задачи"},  {4, "задачи"},  {5, "задач"},
      {11, "задач"}, {12, "задач"},   {14, "задач"},  {21, "задача"}, {22, "задачи"},
      {25, "задач"}, {101, "задача"}, {111, "задач"}, {-1, "задача"}, {1.5, "задачи"},
  };
  for (const auto& [value, want] : cases) {
    EXPECT_EQ(plural(value, "задача", "задачи", "задач"), want) << value;
  }
}

TEST_F(TextTest, DurationsAreShort) {
  const std::pair<int, const char*> cases[] = {
      {0, "минуту"},     {59, "минуту"},    {60, "минуту"},       {120, "2 мин"},
      {3599, "59 мин"},  {3600, "1 ч"},     {8100, "2 ч 15 мин"}, {86399, "23 ч 59 мин"},
      {86400, "1 день"}, {200000, "2 дня"}, {500000, "5 дней"},   {-5, "минуту"},
  };
  for (const auto& [count, want] : cases) EXPECT_EQ(format_duration(seconds{count}), want) << count;
}

TEST_F(TextTest, ObjectsHaveTheirPages) {
  const std::string portal = "https://example.bitrix24.ru";
  EXPECT_EQ(object_url(portal, Entity::deal, 5, 1),
            "https://example.bitrix24.ru/crm/deal/details/5/");
  EXPECT_EQ(object_url(portal, Entity::task, 8, 1),
            "https://example.bitrix24.ru/company/personal/user/1/tasks/task/view/8/");
  EXPECT_EQ(object_url(portal, Entity::user, 17, 1),
            "https://example.bitrix24.ru/company/personal/user/17/");
  EXPECT_EQ(object_url(portal, Entity::call, 9, 1), "");
  EXPECT_EQ(link("", "Звонок"), "Звонок");
  EXPECT_EQ(link("https://a/", "Сделка"), "[url=https://a/]Сделка[/url]");
}

TEST_F(TextTest, MarkUpComesOff) {
  const std::pair<const char*, const char*> cases[] = {
      {"[b]Жирно[/b] и [i]криво[/i]", "Жирно и криво"},
      {"[url=https://a/5/]Сделка[/url] стоит", "Сделка (https://a/5/) стоит"},
      {"[url=https://a/]https://a/[/url]", "https://a/"},
      {"[user=17]Иван[/user]: 5[br]дальше", "Иван: 5\nдальше"},
      {"[color=#c0392b]красный[/color]", "красный"},
      {"[срочно] не тег, [ и это", "[срочно] не тег, [ и это"},
      {"", ""},
  };
  for (const auto& [bb, want] : cases) EXPECT_EQ(plain_text(bb), want);
}

TEST_F(TextTest, ShorteningCutsAtALineAndClosesTags) {
  const struct {
    const char* bb;
    std::size_t limit;
    const char* want;
  } cases[] = {
      {"короткий", 8, "короткий"},
      {"короткий", 5, "корот…"},
      {"одна\nдве\nтри", 10, "одна\nдве\n…"},
      {"одна\nдве\nтри", 8, "одна\nдве\n…"},
      {"одна\nдве", 3, "одн…"},
      {"[b]жирная строка[/b]", 6, "[b]жирная…[/b]"},
      {"[url=https://example.bitrix24.ru/]текст ссылки[/url]", 5,
       "[url=https://example.bitrix24.ru/]текст…[/url]"},
      {"[b][i]абвгд[/i][/b]", 2, "[b][i]аб…[/i][/b]"},
      {"[b]а[/b] [i]бвг\nд[/i]", 6, "[b]а[/b] [i]бвг\n…[/i]"},
  };
  for (const auto& c : cases) EXPECT_EQ(shorten(c.bb, c.limit), c.want);
  EXPECT_EQ(visible_length("[b]ёж[/b]\n[url=x]я[/url]"), 4U);
}

}  // namespace
}  // namespace b24
