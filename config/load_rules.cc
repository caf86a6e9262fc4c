#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/load.h"
#include "config/read.h"
#include "config/read_rule.h"
#include "shipped.h"

// Rules and metrics of all folders, laid over each other and checked as a whole.

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 500;  // of one folder

struct File {
  std::string name;
  std::string_view text;
};

std::vector<File> shipped_files() {
  using namespace embedded;
  return {{"shipped/metrics/tasks_overdue_open.yaml", config_metrics_tasks_overdue_open_yaml},
          {"shipped/metrics/deals_open.yaml", config_metrics_deals_open_yaml},
          {"shipped/metrics/calls_out_effective.yaml", config_metrics_calls_out_effective_yaml},
          {"shipped/rules/overdue_pile.yaml", config_rules_overdue_pile_yaml},
          {"shipped/rules/overload_deals.yaml", config_rules_overload_deals_yaml},
          {"shipped/rules/calls_drop_vs_baseline.yaml", config_rules_calls_drop_vs_baseline_yaml},
          {"shipped/rules/deal_stuck_stage.yaml", config_rules_deal_stuck_stage_yaml}};
}

// Lays the entries of `patch` over `node`.
YamlNode overlaid(YamlNode node, const YamlNode& patch) {
  for (const YamlEntry& entry : patch.entries) {
    const auto found = std::find_if(node.entries.begin(), node.entries.end(),
                                    [&](const auto& e) { return e.key.text == entry.key.text; });
    if (found == node.entries.end()) {
      node.entries.push_back(entry);
    } else {
      *found = entry;
    }
  }
  return node;
}

std::map<std::string, Mark> marks_of(const YamlNode& node) {
  std::map<std::string, Mark> marks;
  const auto place = [](const YamlNode& value) {
    return value.kind == YamlNode::Kind::scalar ? value.content : value.mark;
  };
  for (const YamlEntry& entry : node.entries) {
    marks[entry.key.text] = place(entry.value);
    for (const YamlEntry& inner : entry.value.entries) {
      marks[entry.key.text + "." + inner.key.text] = place(inner.value);
    }
  }
  return marks;
}

// Puts everything together, layer by layer: the shipped files, then each folder.
class Loader {
 public:
  void begin_layer() {
    rule_marks_.clear();
    metric_marks_.clear();
  }

  void add(const File& file) {
    YamlDocument document = parse_yaml(file.name, file.text);
    const bool readable =
        !has_errors(document.problems) || document.root.kind == YamlNode::Kind::map;
    for (Problem& problem : document.problems) problems.add(std::move(problem));
    if (readable) read_root(document.root);
  }

  LoadedRules finish() {
    for (const Rule& rule : rules_.rules) check_metric(rule);
    LoadedRules loaded{std::move(rules_), problems.take(), {}};
    for (const auto& [id, node] : nodes_) loaded.marks[id] = marks_of(node);
    return loaded;
  }

  Problems problems;

 private:
  void read_root(const YamlNode& root) {
    const Map map(root, problems, {"version", "defaults", "metrics", "rules"});
    if (const YamlNode* version = map.get("version")) read_word(*version, {"1"}, problems);
    if (const YamlNode* metrics = map.section("metrics")) read_metrics(*metrics);
    YamlNode defaults;
    defaults.kind = YamlNode::Kind::map;
    if (const YamlNode* node = map.section("defaults")) {
      Map(*node, problems, default_keys());
      for (const YamlEntry& entry : node->entries) {
        const auto& known = default_keys();
        if (std::find(known.begin(), known.end(), entry.key.text) != known.end()) {
          defaults.entries.push_back(entry);
        }
      }
    }
    const YamlNode* rules = map.section("rules");
    const auto* items = rules ? read_list(*rules, EmptyList::allowed, problems) : nullptr;
    if (items == nullptr) return;
    for (const YamlNode& item : *items) read_one(item, defaults);
  }

  void read_metrics(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::map) {
      problems.error("R110", node,
                     {"«metrics» пишут так: имя показателя, двоеточие и его ключи с отступом",
                      "\"metrics\" is written as the metric's name, a colon and its keys "
                      "indented"});
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const auto id = read_name(entry.key, problems);
      if (!id || is_repeated(metric_marks_, *id, entry.key)) continue;
      if (auto metric = read_metric(*id, entry.value, problems)) {
        metric->mark = entry.key.mark;
        rules_.metrics[*id] = std::move(*metric);
      }
    }
  }

  // Twice within one layer is a slip of the pen; in a later one it is meant.
  bool is_repeated(std::map<std::string, Mark>& marks, const std::string& id, const YamlNode& at) {
    const auto [first, fresh] = marks.emplace(id, at.mark);
    if (fresh) return false;
    const Mark& mark = first->second;
    const std::string file = fs::path(mark.file).filename().string();
    problems.error("R302", at,
                   {fmt::format("«{}» уже есть: {}, строка {}", id, file, mark.line),
                    fmt::format("\"{}\" is there already: {}, line {}", id, file, mark.line)});
    return true;
  }

  void read_one(const YamlNode& item, const YamlNode& defaults) {
    const YamlNode* id = item.find("id");
    const bool whole = item.find("metric") != nullptr || item.find("each") != nullptr;
    const auto known = id ? nodes_.find(id->text) : nodes_.end();
    if (id != nullptr && id->kind == YamlNode::Kind::scalar && !id->is_null() &&
        is_repeated(rule_marks_, id->text, *id)) {
      return;
    }
    if (id != nullptr && !whole && known == nodes_.end() && is_misspelt(*id)) return;
    const bool patch = item.kind == YamlNode::Kind::map && !whole && known != nodes_.end();
    const YamlNode node = patch                              ? overlaid(known->second, item)
                          : item.kind == YamlNode::Kind::map ? with_defaults(item, defaults)
                                                             : item;
    auto rule = read_rule(node, problems);
    if (!rule) return;
    metric_nodes_.erase(rule->id);
    if (const YamlNode* metric = node.find("metric")) metric_nodes_[rule->id] = *metric;
    nodes_[rule->id] = node;
    put(std::move(*rule));
  }

  // A change of a rule that is not there, but nearly.
  bool is_misspelt(const YamlNode& id) {
    std::vector<std::string> known;
    for (const Rule& rule : rules_.rules) known.push_back(rule.id);
    const std::string guess = nearest(id.text, known);
    if (guess.empty()) return false;
    problems.error("R304", id,
                   {fmt::format("правила «{}», чтобы его менять, нет – может быть, «{}»?",
                                excerpt(id.text), guess),
                    fmt::format("there is no rule \"{}\" to change – did you mean \"{}\"?",
                                excerpt(id.text), guess)});
    return true;
  }

  static YamlNode with_defaults(const YamlNode& item, const YamlNode& defaults) {
    YamlNode node = item;
    for (const YamlEntry& entry : defaults.entries) {
      if (node.entry(entry.key.text) == nullptr) node.entries.push_back(entry);
    }
    return node;
  }

  void put(Rule rule) {
    const auto found = std::find_if(rules_.rules.begin(), rules_.rules.end(),
                                    [&](const Rule& r) { return r.id == rule.id; });
    if (found == rules_.rules.end()) {
      rules_.rules.push_back(std::move(rule));
    } else {
      *found = std::move(rule);
    }
  }

  void check_metric(const Rule& rule) {
    const auto node = metric_nodes_.find(rule.id);
    if (node == metric_nodes_.end()) return;
    const auto* compare = std::get_if<CompareShape>(&rule.shape);
    const auto* threshold = std::get_if<MetricShape>(&rule.shape);
    if (compare == nullptr && threshold == nullptr) return;
    const std::string& id = compare != nullptr ? compare->metric : threshold->metric;
    if (id.empty()) return;
    const Metric* metric = rules_.metric(id);
    if (metric == nullptr) {
      report_unknown_metric(node->second, id);
    } else if (compare != nullptr && metric->kind != MetricKind::daily) {
      problems.error("R303", node->second,
                     {fmt::format("«compare» нужен показатель по дням, а «{}» – на сейчас (kind: "
                                  "state)",
                                  id),
                      fmt::format("\"compare\" wants a daily metric, and \"{}\" is as of now "
                                  "(kind: state)",
                                  id)});
    } else if (threshold != nullptr && metric->kind != MetricKind::state) {
      problems.error("R303", node->second,
                     {fmt::format("порогу нужен показатель на сейчас, а «{}» – по дням (kind: "
                                  "daily): для него есть «compare»",
                                  id),
                      fmt::format("a limit wants a metric as of now, and \"{}\" is daily: "
                                  "\"compare\" is for it",
                                  id)});
    }
  }

  void report_unknown_metric(const YamlNode& at, const std::string& id) {
    std::vector<std::string> known;
    for (const auto& [name, metric] : rules_.metrics) known.push_back(name);
    const std::string guess = nearest(id, known);
    if (guess.empty()) {
      problems.error("R301", at,
                     {fmt::format("показателя «{}» нет; есть: {}", id, listed_ru(known)),
                      fmt::format("there is no metric \"{}\"; known: {}", id, listed_en(known))});
    } else {
      problems.error("R301", at,
                     {fmt::format("показателя «{}» нет – может быть, «{}»?", id, guess),
                      fmt::format("there is no metric \"{}\" – did you mean \"{}\"?", id, guess)});
    }
  }

  RuleSet rules_;
  std::map<std::string, YamlNode> nodes_;         // of rules by id, as laid over so far
  std::map<std::string, YamlNode> metric_nodes_;  // where a rule names its metric
  std::map<std::string, Mark> rule_marks_;        // of this layer
  std::map<std::string, Mark> metric_marks_;
};

std::vector<fs::path> yaml_files(const fs::path& folder, Problems& problems) {
  std::vector<fs::path> files;
  std::error_code code;
  fs::directory_iterator it(folder, code);
  for (; !code && it != fs::directory_iterator(); it.increment(code)) {
    const fs::path& path = it->path();
    const bool yaml = path.extension() == ".yaml" || path.extension() == ".yml";
    // Editors keep hidden copies beside the file.
    if (yaml && !path.filename().string().starts_with('.')) files.push_back(path);
  }
  if (code) {
    problems.error("R004", folder,
                   {"папка с правилами не читается: проверьте имя и права",
                    "the folder of rules cannot be read: check its name and "
                    "rights"});
  }
  if (files.size() > kMostFiles) {
    problems.error("R004", folder,
                   {fmt::format("в папке больше {} файлов правил", kMostFiles),
                    fmt::format("more than {} files of rules in the folder", kMostFiles)});
    files.clear();
  }
  std::sort(files.begin(), files.end());
  return files;
}

void add_shipped(Loader& loader) {
  loader.begin_layer();
  for (const File& file : shipped_files()) loader.add(file);
}

}  // namespace

LoadedRules load_rules(const std::vector<fs::path>& folders) {
  Loader loader;
  add_shipped(loader);
  for (const fs::path& folder : folders) {
    loader.begin_layer();
    for (const fs::path& file : yaml_files(folder, loader.problems)) {
      if (const auto text = read_file(file, loader.problems)) {
        loader.add({file.string(), *text});
      }
    }
  }
  return loader.finish();
}

LoadedRules load_rules_text(const std::string& file_name, const std::string& text) {
  Loader loader;
  loader.begin_layer();
  loader.add({file_name, text});
  return loader.finish();
}

}  // namespace b24
