#include "config/read_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace b24 {
namespace {

// Present days that fit into the history we know of (evaluate.h, kLongestHistory), with holidays
// and a leave among them.
constexpr int kLongestNorm = 60;
constexpr int kLongestWindow = 20;

constexpr double kLargest = 1e12;

const std::vector<std::string> kCommonKeys = {"id",          "name",
                                              "enabled",     "where",
                                              "for",         "keep_firing_for",
                                              "needs_fresh", "worse_by_percent",
                                              "group",       "notify",
                                              "text",        "item",
                                              "resolved"};
const std::vector<std::string> kMetricKeys = {"metric",
                                              "by",
                                              "above",
                                              "below",
                                              "clear_below",
                                              "clear_above",
                                              "above_median_times",
                                              "median_of_at_least"};
const std::vector<std::string> kCompareKeys = {"metric", "by", "compare", "drop_percent",
                                               "norm_at_least"};
const std::vector<std::string> kEachKeys = {"each", "since", "longer_than", "override", "learned"};

std::vector<std::string> all_keys() {
  std::vector<std::string> keys = kCommonKeys;
  for (const auto* more : {&kMetricKeys, &kCompareKeys, &kEachKeys}) {
    for (const std::string& key : *more) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

// Reads one rule: the keys all rules have, and those of its shape.
class RuleReader {
 public:
  RuleReader(const YamlNode& node, Problems& problems)
      : problems_(problems), map_(node, problems, all_keys()) {}

  std::optional<Rule> read() {
    if (map_.node().kind != YamlNode::Kind::map) return std::nullopt;
    const YamlNode* id = map_.need("id");
    if (id != nullptr) take(rule_.id, read_name(*id, problems_));
    rule_.mark = id != nullptr ? id->mark : map_.node().mark;
    common();
    const bool metric = map_.has("metric"), each = map_.has("each");
    if (metric == each) {
      at_rule("R104",
              metric ? Text{"«metric» и «each» вместе не бывают: правило следит или за числом у "
                            "менеджера, или за каждым объектом",
                            "\"metric\" and \"each\" do not go together: a rule watches either a "
                            "manager's number or every object"}
                     : Text{"у правила нет ни «metric», ни «each»: укажите, за чем следить",
                            "the rule has neither \"metric\" nor \"each\": say what to watch"});
    } else if (each) {
      each_shape();
    } else if (map_.has("compare")) {
      compare_shape();
    } else {
      metric_shape();
    }
    return rule_.id.empty() ? std::nullopt : std::optional<Rule>(rule_);
  }

 private:
  template <class T, class U>
  static void take(T& to, const std::optional<U>& value) {
    if (value) to = *value;
  }

  void at_rule(const char* code, Text text) {
    const YamlNode* id = map_.node().find("id");
    problems_.error(code, id != nullptr ? *id : map_.node(), std::move(text));
  }

  template <class T>
  void number(const char* key, T& to, Limits limits) {
    if (const YamlNode* node = map_.get(key)) take(to, read_number(*node, limits, problems_));
  }

  void integer(const Map& map, const char* key, int& to, Limits limits) {
    const YamlNode* node = map.get(key);
    if (node == nullptr) return;
    if (const auto value = read_integer(*node, limits, problems_)) to = static_cast<int>(*value);
  }

  void duration(const Map& map, const char* key, seconds& to, seconds least) {
    if (const YamlNode* node = map.get(key)) {
      take(to, read_duration(*node, least, days{30}, problems_));
    }
  }

  void message(const char* key, Text& to) {
    if (const YamlNode* node = map_.get(key)) take(to, read_message(*node, problems_));
  }

  // A key of another shape would be ignored in silence; `why` says where it belongs.
  void refuse(const std::vector<const char*>& keys, const char* ru, const char* en) {
    for (const char* key : keys) {
      const YamlEntry* entry = map_.entry(key);
      if (entry == nullptr) continue;
      problems_.error("R104", entry->key,
                      {fmt::format("«{}» {}", key, ru), fmt::format("\"{}\" {}", key, en)});
    }
  }

  void common() {
    if (const YamlNode* name = map_.need("name")) take(rule_.name, read_message(*name, problems_));
    if (const YamlNode* enabled = map_.get("enabled")) {
      take(rule_.enabled, read_flag(*enabled, problems_));
    }
    if (const YamlNode* where = map_.get("where")) rule_.where = read_sql(*where, problems_);
    duration(map_, "for", rule_.hold, seconds{0});
    duration(map_, "keep_firing_for", rule_.keep_firing, seconds{0});
    duration(map_, "needs_fresh", rule_.fresh, minutes{1});
    number("worse_by_percent", rule_.worse_by_percent, {1, 1000});
    if (const YamlNode* group = map_.get("group")) grouping(*group);
    if (const YamlNode* notify = map_.get("notify")) recipients(*notify);
    if (const YamlNode* text = map_.need("text")) take(rule_.text, read_message(*text, problems_));
    message("item", rule_.item);
    message("resolved", rule_.resolved);
  }

  void grouping(const YamlNode& node) {
    const Map map(node, problems_, {"by", "wait", "max_items"});
    if (const YamlNode* by = map.get("by")) read_word(*by, {"manager"}, problems_);
    duration(map, "wait", rule_.group.wait, seconds{0});
    integer(map, "max_items", rule_.group.max_items, {1, 50});
  }

  void recipients(const YamlNode& node) {
    const auto* items = read_list(node, EmptyList::refused, problems_);
    if (items == nullptr) return;
    for (const YamlNode& item : *items) {
      if (item.kind == YamlNode::Kind::scalar && item.text == "head") continue;
      problems_.error("R116", item,
                      {"пока известен только получатель head (руководитель); других людей "
                       "назначает people.notify в настройках",
                       "only the recipient head is known so far; people.notify of the settings "
                       "names others"});
    }
  }

  void by_manager() {
    if (const YamlNode* by = map_.need("by")) read_word(*by, {"manager"}, problems_);
    refuse({"since", "longer_than", "override", "learned"}, "бывает только у правил с «each»",
           "is for rules with \"each\" only");
  }

  void metric_shape() {
    MetricShape shape;
    if (const YamlNode* metric = map_.get("metric")) {
      take(shape.metric, read_name(*metric, problems_));
    }
    by_manager();
    refuse({"drop_percent", "norm_at_least"}, "бывает только вместе с «compare»",
           "goes only with \"compare\"");
    number("above", shape.above, {-kLargest, kLargest});
    number("below", shape.below, {-kLargest, kLargest});
    number("clear_below", shape.clear_below, {-kLargest, kLargest});
    number("clear_above", shape.clear_above, {-kLargest, kLargest});
    number("above_median_times", shape.above_median_times, {1, 100});
    integer(map_, "median_of_at_least", shape.median_of_at_least, {2, 1000});
    check_thresholds(shape);
    rule_.shape = shape;
  }

  void check_thresholds(const MetricShape& shape) {
    const bool above = map_.has("above"), below = map_.has("below");
    if (above && below) {
      refuse({"below"}, "и «above» вместе не бывают: сделайте два правила",
             "and \"above\" do not go together: write two rules");
      return;
    }
    if (!above && !below) {
      at_rule("R103", {"у правила нет порога: добавьте «above», «below» или «compare»",
                       "the rule has no limit: add \"above\", \"below\" or \"compare\""});
      return;
    }
    if (above) {
      refuse({"clear_above"}, "бывает только вместе с «below»", "goes only with \"below\"");
    } else {
      refuse({"clear_below", "above_median_times", "median_of_at_least"},
             "бывает только вместе с «above»", "goes only with \"above\"");
    }
    if (!map_.has("above_median_times")) {
      refuse({"median_of_at_least"}, "бывает только вместе с «above_median_times»",
             "goes only with \"above_median_times\"");
    }
    if (shape.above && shape.clear_below && *shape.clear_below > *shape.above) {
      problems_.error("R307", *map_.get("clear_below"),
                      {"«clear_below» не может быть больше «above»",
                       "\"clear_below\" cannot be larger than \"above\""});
    }
    if (shape.below && shape.clear_above && *shape.clear_above < *shape.below) {
      problems_.error("R307", *map_.get("clear_above"),
                      {"«clear_above» не может быть меньше «below»",
                       "\"clear_above\" cannot be smaller than \"below\""});
    }
  }

  void compare_shape() {
    CompareShape shape;
    if (const YamlNode* metric = map_.get("metric")) {
      take(shape.metric, read_name(*metric, problems_));
    }
    by_manager();
    refuse({"above", "below", "clear_below", "clear_above", "above_median_times",
            "median_of_at_least"},
           "и «compare» вместе не бывают: порог здесь – «drop_percent»",
           "and \"compare\" do not go together: the limit here is \"drop_percent\"");
    // A day that is left out would count as a day without a single call.
    refuse({"where"}, "и «compare» вместе не бывают: условие пишут в запросе показателя",
           "and \"compare\" do not go together: write the condition in the metric's query");
    if (const YamlNode* compare = map_.get("compare")) comparison(*compare, shape);
    if (const YamlNode* drop = map_.need("drop_percent")) {
      take(shape.drop_percent, read_number(*drop, {1, 99}, problems_));
    }
    number("norm_at_least", shape.norm_at_least, {0, kLargest});
    rule_.shape = shape;
  }

  void comparison(const YamlNode& node, CompareShape& shape) {
    const Map map(node, problems_, {"window", "with", "days", "need_days", "use", "skip"});
    if (const YamlNode* window = map.need("window")) window_days(*window, shape.window_days);
    if (const YamlNode* with = map.need("with")) read_word(*with, {"own_days"}, problems_);
    integer(map, "days", shape.norm_days, {1, kLongestNorm});
    integer(map, "need_days", shape.need_days, {1, kLongestNorm});
    if (const YamlNode* use = map.get("use")) {
      shape.median = read_word(*use, {"median", "average"}, problems_) != "average";
    }
    if (const YamlNode* skip = map.get("skip")) skipped(*skip);
    if (shape.need_days > shape.norm_days) {
      const YamlNode* at = map.get("need_days") ? map.get("need_days") : &node;
      problems_.error("R307", *at,
                      {fmt::format("«need_days» ({}) больше «days» ({}): столько дней не набрать",
                                   shape.need_days, shape.norm_days),
                       fmt::format("\"need_days\" ({}) is larger than \"days\" ({}): there will "
                                   "never be so many",
                                   shape.need_days, shape.norm_days)});
    }
  }

  // "3 present days".
  void window_days(const YamlNode& node, int& to) {
    const auto text = read_text(node, problems_);
    if (!text) return;
    const std::size_t space = text->find(' ');
    const std::string number = text->substr(0, space);
    const std::string unit = space == std::string::npos ? "" : text->substr(space + 1);
    const bool digits = !number.empty() && number.size() <= 3 && number.front() != '0' &&
                        number.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || std::stoi(number) > kLongestWindow ||
        (unit != "present days" && unit != "present day")) {
      problems_.error("R114", node,
                      {fmt::format("«{}»: окно пишут так: 3 present days (дни, когда менеджер был "
                                   "на работе)",
                                   excerpt(*text)),
                       fmt::format("\"{}\": a window is written as 3 present days (days on which "
                                   "the manager was at work)",
                                   excerpt(*text))});
      return;
    }
    to = std::stoi(number);
  }

  // Both are always skipped; the key says so to the reader of the rule, and must say it all.
  void skipped(const YamlNode& node) {
    const auto* items = read_list(node, EmptyList::refused, problems_);
    if (items == nullptr) return;
    std::set<std::string> words;
    for (const YamlNode& item : *items) {
      const auto word = read_word(item, {"holidays", "absences"}, problems_);
      if (!word) return;
      words.insert(*word);
    }
    if (words.size() == 2) return;
    problems_.error("R116", node,
                    {"праздники и отсутствия всегда пропускаются вместе: skip: [holidays, "
                     "absences]",
                     "holidays and absences are always skipped together: skip: [holidays, "
                     "absences]"});
  }

  void each_shape() {
    EachShape shape;
    if (const YamlNode* each = map_.get("each")) {
      if (const auto word = read_word(*each, {"deal", "task", "call"}, problems_)) {
        shape.entity = *entity_named(*word);
        shape.view = "v_" + *word;
      }
    }
    refuse({"by", "above", "below", "compare", "drop_percent", "norm_at_least", "clear_below",
            "clear_above", "above_median_times", "median_of_at_least"},
           "бывает только у правил с «metric»", "is for rules with \"metric\" only");
    if (const YamlNode* since = map_.need("since")) {
      take(shape.since, read_name(*since, problems_));
    }
    if (const YamlNode* longer = map_.need("longer_than")) {
      take(shape.longer_than, read_span(*longer, problems_));
    }
    if (const YamlNode* node = map_.get("override")) overrides(*node, shape);
    if (const YamlNode* node = map_.get("learned")) learned(*node, shape);
    rule_.shape = shape;
  }

  void overrides(const YamlNode& node, EachShape& shape) {
    if (node.kind != YamlNode::Kind::map || node.entries.size() != 1 ||
        node.entries[0].value.kind != YamlNode::Kind::map ||
        node.entries[0].value.entries.empty()) {
      problems_.error("R110", node,
                      {"«override» пишут так: {stage: {Счёт выставлен: 5 work days}}",
                       "\"override\" is written as {stage: {Invoice sent: 5 work days}}"});
      return;
    }
    const YamlEntry& column = node.entries[0];
    take(shape.override_column, read_name(column.key, problems_));
    for (const YamlEntry& entry : column.value.entries) {
      if (const auto span = read_span(entry.value, problems_)) {
        shape.overrides[entry.key.text] = *span;
      }
    }
  }

  void learned(const YamlNode& node, EachShape& shape) {
    const Map map(node, problems_, {"by", "sql"});
    if (const YamlNode* by = map.need("by")) take(shape.learned_column, read_name(*by, problems_));
    if (const YamlNode* sql = map.need("sql")) shape.learned = read_sql(*sql, problems_);
  }

  Problems& problems_;
  Map map_;
  Rule rule_;
};

}  // namespace

const std::vector<std::string>& default_keys() {
  static const std::vector<std::string> kKeys = {"needs_fresh", "for", "keep_firing_for",
                                                 "worse_by_percent"};
  return kKeys;
}

std::optional<Rule> read_rule(const YamlNode& node, Problems& problems) {
  return RuleReader(node, problems).read();
}

}  // namespace b24
