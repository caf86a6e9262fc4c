#include "rules/alert.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/rules/team.h"

namespace b24 {
namespace {

const Time kStart = test::at("2026-11-20 10:00");

enum class Input { calm, clearing, breached };

Finding finding(Input input = Input::breached, double value = 12) {
  Finding result;
  result.rule_id = "overdue";
  result.key = {AlertKey::Kind::manager, Entity::user, 11};
  result.manager_id = 11;
  result.value = value;
  result.norm = 10;
  result.clearing = input == Input::clearing;
  return result;
}

struct Step {
  int at_minutes;
  Input input;
  std::string_view state;  // "-" when forgotten
  Transition transition;
};

struct Timeline {
  const char* what;
  StepOptions options;
  std::vector<Step> steps;
};

std::string_view state_of(const std::optional<Alert>& alert) {
  return alert ? name(alert->state) : "-";
}

std::optional<Alert> play(const Timeline& timeline, std::optional<Alert> alert = std::nullopt) {
  for (const Step& s : timeline.steps) {
    const Finding found = finding(s.input);
    const auto result = step(alert, s.input == Input::calm ? nullptr : &found, timeline.options,
                             kStart + minutes{s.at_minutes});
    alert = result.alert;
    EXPECT_EQ(state_of(alert), s.state) << timeline.what << " at " << s.at_minutes;
    EXPECT_EQ(name(result.transition), name(s.transition))
        << timeline.what << " at " << s.at_minutes;
  }
  return alert;
}

constexpr auto kCalm = Input::calm;
constexpr auto kClearing = Input::clearing;
constexpr auto kBreached = Input::breached;
using enum Transition;

TEST(AlertTest, LivesThroughItsTimelines) {
  const Timeline timelines[] = {
      {"fires once it has lasted the hold time",
       {.hold = minutes{30}},
       {{0, kBreached, "pending", started},
        {5, kBreached, "pending", continued},
        {10, kBreached, "pending", continued},
        {15, kBreached, "pending", continued},
        {20, kBreached, "pending", continued},
        {25, kBreached, "pending", continued},
        {30, kBreached, "firing", fired},
        {35, kBreached, "firing", continued},
        {40, kCalm, "resolved", resolved},
        {45, kCalm, "resolved", none}}},
      {"vanishes silently before that",
       {.hold = minutes{30}},
       {{0, kBreached, "pending", started}, {5, kCalm, "-", vanished}, {10, kCalm, "-", none}}},
      {"without a hold time it fires at once",
       {},
       {{0, kBreached, "firing", fired}, {1, kCalm, "resolved", resolved}}},
      {"clearing starts nothing",
       {.hold = minutes{5}},
       {{0, kClearing, "-", none}, {5, kClearing, "-", none}}},
      {"clearing does not keep a pending one",
       {.hold = minutes{10}},
       {{0, kBreached, "pending", started},
        {5, kClearing, "-", vanished},
        {10, kBreached, "pending", started}}},
      {"clearing keeps a firing one and does not wake a resolved one",
       {},
       {{0, kBreached, "firing", fired},
        {5, kClearing, "firing", continued},
        {10, kBreached, "firing", continued},
        {15, kClearing, "firing", continued},
        {20, kCalm, "resolved", resolved},
        {25, kClearing, "resolved", none}}},
      {"a short outage does not count, and loses nothing",
       {.hold = minutes{30}},
       {{0, kBreached, "pending", started},
        {10, kBreached, "pending", continued},
        {20, kBreached, "pending", continued},
        {40, kBreached, "pending", continued},
        {49, kBreached, "pending", continued},
        {50, kBreached, "firing", fired}}},
      {"after a long outage it starts again",
       {.hold = minutes{15}},
       {{0, kBreached, "pending", started},
        {10, kBreached, "pending", continued},
        {71, kBreached, "pending", continued},
        {81, kBreached, "pending", continued},
        {85, kBreached, "pending", continued},
        {86, kBreached, "firing", fired}}},
      {"an outage does not end a firing one",
       {.hold = minutes{5}},
       {{0, kBreached, "pending", started},
        {5, kBreached, "firing", fired},
        {5000, kBreached, "firing", continued}}},
      {"ends when the condition has been gone for long enough",
       {.keep = minutes{20}},
       {{0, kBreached, "firing", fired},
        {15, kCalm, "firing", continued},
        {16, kBreached, "firing", continued},
        {35, kCalm, "firing", continued},
        {36, kCalm, "resolved", resolved},
        {37, kCalm, "resolved", none}}},
      {"and does not wait for a clock that was set back",
       {.keep = minutes{20}},
       {{0, kBreached, "firing", fired}, {-60, kCalm, "resolved", resolved}}},
      {"which does not hold a pending one",
       {.hold = minutes{10}, .keep = minutes{20}},
       {{0, kBreached, "pending", started}, {5, kCalm, "-", vanished}}},
      {"a clock that goes back adds no time",
       {.hold = minutes{10}},
       {{0, kBreached, "pending", started},
        {-60, kBreached, "pending", continued},
        {-51, kBreached, "pending", continued},
        {-50, kBreached, "firing", fired}}},
  };
  for (const Timeline& timeline : timelines) play(timeline);
}

TEST(AlertTest, WhatHeldAtTheFirstLookIsKnown) {
  const auto known = play({"first look",
                           {.hold = minutes{5}, .first_look = true},
                           {{0, kBreached, "known", became_known}}});
  const auto still = play({"later",
                           {.hold = minutes{5}},
                           {{5, kBreached, "known", continued},
                            {60, kClearing, "known", continued},
                            {90, kBreached, "known", continued}}},
                          known);
  play({"its end is silent and its return is news",
        {.hold = minutes{5}},
        {{100, kCalm, "-", vanished},
         {105, kBreached, "pending", started},
         {110, kBreached, "firing", fired}}},
       still);
  play({"clearing is not known", {.first_look = true}, {{0, kClearing, "-", none}}});
}

TEST(AlertTest, AnEditEndsWithoutARecovery) {
  const auto firing = play({"before", {}, {{0, kBreached, "firing", fired}}});
  play({"no longer met", {.first_look = true}, {{5, kCalm, "resolved", dropped}}}, firing);
  play({"still met", {.first_look = true}, {{5, kBreached, "firing", continued}}}, firing);
  const auto known = play({"known", {.first_look = true}, {{0, kBreached, "known", became_known}}});
  play({"never told", {.first_look = true}, {{5, kCalm, "-", vanished}}}, known);
}

TEST(AlertTest, WorseIsMeasuredInSharesOfTheNumberOrOfTheNorm) {
  Rule above, drop, each;
  above.shape = MetricShape{.metric = "m", .above = 4};
  drop.shape = CompareShape{.metric = "m"};
  each.shape = EachShape{};
  const struct {
    const Rule& rule;
    double was, value, norm, want;
  } cases[] = {
      {above, 10, 12, 4, 1},    {above, 10, 11, 4, 0.5}, {above, 10, 6, 4, -2},
      {above, 0, 3, 4, 1},      {above, 5, 5, 4, 0},     {drop, 5, 3, 10, 1},
      {drop, 1, 0.7, 10, 0.15}, {drop, 5, 9, 10, -2},    {each, 14, 300, 14, 0},
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(worse_by(c.rule, c.was, c.value, c.norm), c.want, 1e-6) << c.was << " " << c.value;
  }
}

TEST(AlertTest, ALongerHoldSendsItBackSilently) {
  const auto firing = play({"15 minutes",
                            {.hold = minutes{15}},
                            {{0, kBreached, "pending", started},
                             {10, kBreached, "pending", continued},
                             {15, kBreached, "firing", fired},
                             {25, kBreached, "firing", continued},
                             {30, kBreached, "firing", continued}}});
  play({"still met", {.hold = minutes{31}}, {{31, kBreached, "firing", continued}}}, firing);
  play({"clearing does not decide", {.hold = minutes{120}}, {{31, kClearing, "firing", continued}}},
       firing);
  const auto again = play({"2 hours",
                           {.hold = minutes{40}},
                           {{31, kBreached, "pending", continued},
                            {39, kBreached, "pending", continued},
                            {40, kBreached, "firing", fired}}},
                          firing);
  EXPECT_EQ(again->since, kStart);
  play({"and its end while it waits is silent",
        {.hold = minutes{40}},
        {{31, kBreached, "pending", continued}, {32, kCalm, "resolved", vanished}}},
       firing);
}

TEST(AlertTest, EveryFiringIsAnEpisode) {
  auto alert = play({"twice",
                     {},
                     {{0, kBreached, "firing", fired},
                      {5, kCalm, "resolved", resolved},
                      {10, kBreached, "firing", fired}}});
  EXPECT_EQ(alert->episode, 2);
  EXPECT_EQ(alert->since, kStart + minutes{10});
  EXPECT_EQ(alert->changed_at, kStart + minutes{10});
  alert = play({"a pending one in between keeps the number",
                {.hold = minutes{5}},
                {{15, kCalm, "resolved", resolved},
                 {20, kBreached, "pending", started},
                 {21, kCalm, "resolved", vanished},
                 {30, kBreached, "pending", started},
                 {35, kBreached, "firing", fired}}},
               alert);
  EXPECT_EQ(alert->episode, 3);
}

TEST(AlertTest, TakesOverWhatIsNew) {
  const Finding first = finding(Input::breached, 12);
  auto alert = step(std::nullopt, &first, {}, kStart).alert;
  Finding second = finding(Input::breached, 15);
  second.manager_id = 12;
  second.fields["oldest"] = std::int64_t{5};
  second.items.push_back({7, {}});
  alert = step(alert, &second, {}, kStart + minutes{1}).alert;
  EXPECT_EQ(alert->value, 15);
  EXPECT_EQ(alert->manager_id, 12);
  EXPECT_EQ(alert->fields.size(), 1U);
  EXPECT_EQ(alert->items.size(), 1U);
  EXPECT_EQ(alert->seen_at, kStart + minutes{1});
  alert = step(alert, nullptr, {}, kStart + minutes{2}).alert;
  EXPECT_EQ(alert->value, 15);
  EXPECT_EQ(alert->items.size(), 1U);
}

TEST(AlertTest, NeverFiresBeforeTheHoldTimeWasWatched) {
  std::mt19937 random{7405};
  std::uniform_int_distribution<int> input{0, 9};
  std::uniform_int_distribution<int> gap{1, 1500};
  const StepOptions options{.hold = minutes{30}};
  for (int run = 0; run < 200; ++run) {
    std::optional<Alert> alert;
    Time now = kStart;
    seconds watched{0};
    for (int i = 0; i < 60; ++i) {
      const seconds waited{gap(random)};
      now += waited;
      const int dice = input(random);
      const Input what = dice == 0 ? Input::calm : dice == 1 ? Input::clearing : Input::breached;
      const Finding found = finding(what);
      const bool firing = alert && alert->state == AlertState::firing;
      const bool open = alert && alert->state != AlertState::resolved;
      if (what != Input::breached && !firing) watched = seconds{0};
      if (what == Input::breached && open && waited <= options.watch_gap) watched += waited;
      const auto result = step(alert, what == Input::calm ? nullptr : &found, options, now);
      if (result.transition == fired) {
        ASSERT_GE(watched, options.hold) << run << " " << i;
      }
      if (result.transition == Transition::resolved) watched = seconds{0};
      ASSERT_FALSE(result.alert && result.alert->state == AlertState::pending &&
                   what != Input::breached);
      alert = result.alert;
    }
  }
}

TEST(AlertTest, WordsGoBothWays) {
  using enum AlertState;
  for (const AlertState state : {pending, firing, known, AlertState::resolved}) {
    EXPECT_EQ(alert_state_named(name(state)), state);
  }
  EXPECT_EQ(alert_state_named("ok"), std::nullopt);
  EXPECT_EQ(name(Transition::became_known), "became_known");
}

// --- a rule's alerts together ---

class StepRuleTest : public ::testing::Test {
 protected:
  static Finding deal(std::int64_t id, std::int64_t manager = 11) {
    Finding result = finding();
    result.key = {AlertKey::Kind::object, Entity::deal, id};
    result.manager_id = manager;
    return result;
  }
  std::string run(Judgement judgement, int at_minutes, bool first_look = false) {
    const auto result =
        step_rule(rule_, alerts_, judgement, people_, first_look, kStart + minutes{at_minutes});
    alerts_ = result.alerts;
    std::string text;
    for (const auto& [key, transition] : result.transitions) {
      text += to_string(key) + " " + std::string{name(transition)} + "; ";
    }
    return text;
  }

  Rule rule_;
  People people_ = test::make_people();
  std::vector<Alert> alerts_;
};

TEST_F(StepRuleTest, EachKeyHasALifeOfItsOwn) {
  rule_.hold = minutes{5};
  EXPECT_EQ(run({{deal(1), deal(2)}, {}}, 0), "deal:1 started; deal:2 started; ");
  EXPECT_EQ(run({{deal(2), deal(3)}, {}}, 5), "deal:1 vanished; deal:2 fired; deal:3 started; ");
  EXPECT_EQ(alerts_.size(), 2U);
  EXPECT_EQ(run({{deal(3)}, {}}, 10), "deal:2 resolved; deal:3 fired; ");
  EXPECT_EQ(run({{deal(3)}, {}}, 15), "deal:3 continued; ");
  EXPECT_EQ(alerts_.size(), 2U);
}

TEST_F(StepRuleTest, TheFirstLookMakesKnown) {
  EXPECT_EQ(run({{deal(1)}, {}}, 0, true), "deal:1 became_known; ");
  EXPECT_EQ(run({{deal(1), deal(2)}, {}}, 5), "deal:1 continued; deal:2 fired; ");
}

TEST_F(StepRuleTest, WhatCannotBeSeenNeitherBeginsNorEnds) {
  EXPECT_EQ(run({{deal(1, 11), deal(2, 12)}, {}}, 0), "deal:1 fired; deal:2 fired; ");
  EXPECT_EQ(run({{}, {{"overdue", 11, {"нет данных", "no data"}}}}, 5), "deal:2 resolved; ");
  ASSERT_EQ(alerts_.size(), 2U) << "what cannot be seen is still there";
  EXPECT_EQ(alerts_[0].state, AlertState::firing);
  EXPECT_EQ(run({{}, {}}, 10), "deal:1 resolved; ");
}

TEST_F(StepRuleTest, WhatIsNotKeptEndsAtOnce) {
  rule_.keep_firing = minutes{20};
  EXPECT_EQ(run({{deal(1), deal(2)}, {}}, 0), "deal:1 fired; deal:2 fired; ");
  Judgement none;
  none.unkept = {{AlertKey::Kind::object, Entity::deal, 2}};
  EXPECT_EQ(run(none, 5), "deal:1 continued; deal:2 resolved; ");
  EXPECT_EQ(run({{}, {}}, 20), "deal:1 resolved; ");
}

TEST_F(StepRuleTest, WhoIsNoLongerWatchedIsDropped) {
  EXPECT_EQ(run({{deal(1, 11), deal(2, 12)}, {}}, 0), "deal:1 fired; deal:2 fired; ");
  auto persons = test::team();
  persons[1].active = false;
  people_ = test::make_people(persons);
  EXPECT_EQ(run({{deal(2, 12)}, {}}, 5), "deal:1 dropped; deal:2 continued; ");
  EXPECT_EQ(alerts_[0].state, AlertState::resolved);
  EXPECT_EQ(run({{deal(2, 12)}, {}}, 10), "deal:2 continued; ");
}

TEST_F(StepRuleTest, WhatWasKnownIsToldWhenItGetsWorse) {
  rule_.shape = MetricShape{.metric = "m", .above = 4};
  const auto with = [](double value, bool clearing = false) {
    Finding found = finding(Input::breached, value);
    found.clearing = clearing;
    return Judgement{{found}, {}};
  };
  EXPECT_EQ(run(with(10), 0, true), "manager:11 became_known; ");
  EXPECT_EQ(run(with(11), 1), "manager:11 continued; ");
  EXPECT_EQ(run(with(6), 2), "manager:11 continued; ") << "better: from now on 6 counts";
  EXPECT_EQ(run(with(7), 3), "manager:11 continued; ");
  EXPECT_EQ(run(with(9, true), 4), "manager:11 continued; ") << "begins nothing";
  rule_.hold = minutes{10};
  EXPECT_EQ(run(with(7.2), 5), "manager:11 continued; ") << "not held for long enough";
  EXPECT_EQ(run(with(7.2), 10), "manager:11 fired; ");
  EXPECT_EQ(alerts_[0].episode, 1);
  EXPECT_EQ(run(with(7.2), 11), "manager:11 continued; ");
  EXPECT_EQ(alerts_[0].state, AlertState::firing);
}

}  // namespace
}  // namespace b24
