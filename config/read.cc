#include "config/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <tuple>

namespace b24 {
namespace {

std::string joined(const std::vector<std::string>& words, const char* open, const char* close,
                   const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last : ", ";
    text += open + words[i] + close;
  }
  return text;
}

}  // namespace

void Problems::add(Problem problem) {
  if (list_.size() >= kMostProblems) return;
  const Mark& mark = problem.mark;
  const std::string key = fmt::format("{}:{}:{}:{}:{}", mark.file, mark.line, mark.column,
                                      problem.code, problem.text.en);
  if (seen_.insert(key).second) list_.push_back(std::move(problem));
}

void Problems::error(const char* code, const YamlNode& at, Text text) {
  add({code, Severity::error, at.mark, at.width, std::move(text)});
}

void Problems::warning(const char* code, const YamlNode& at, Text text) {
  add({code, Severity::warning, at.mark, at.width, std::move(text)});
}

void Problems::error(const char* code, const std::filesystem::path& file, Text text) {
  add({code, Severity::error, {file.string(), 0, 0}, 1, std::move(text)});
}

std::vector<Problem> Problems::take() {
  std::map<std::string, std::size_t> files;  // in the order of their first problem
  for (const Problem& problem : list_) files.emplace(problem.mark.file, files.size());
  const auto place = [&](const Problem& p) {
    return std::tuple(files[p.mark.file], p.mark.line, p.mark.column);
  };
  std::stable_sort(list_.begin(), list_.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  return std::move(list_);
}

Map::Map(const YamlNode& node, Problems& problems, std::vector<std::string> known)
    : node_(node), problems_(problems) {
  if (node.kind != YamlNode::Kind::map) {
    if (node.is_null()) return;
    problems.error("R110", node,
                   {"здесь нужны вложенные ключи вида «ключ: значение»",
                    "keys are wanted here, written as \"key: value\""});
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key.text) == known.end()) {
      report_unknown(entry, known);
    }
  }
}

void Map::report_lookalikes(const YamlNode& key, const std::vector<Lookalike>& letters) {
  static constexpr const char* kOrdinals[] = {"первая",  "вторая", "третья",  "четвёртая",
                                              "пятая",   "шестая", "седьмая", "восьмая",
                                              "девятая", "десятая"};
  const std::string shown = excerpt(key.text);
  if (letters.size() == 1) {
    const Lookalike& l = letters[0];
    const std::string ordinal = l.position < std::size(kOrdinals)
                                    ? kOrdinals[l.position]
                                    : fmt::format("{}-я", l.position + 1);
    problems_.error("R102", key,
                    {fmt::format("в ключе «{}» {} буква русская – нужна латинская «{}»", shown,
                                 ordinal, l.latin),
                     fmt::format("letter {} of the key \"{}\" is Cyrillic: it must be the Latin "
                                 "\"{}\"",
                                 l.position + 1, shown, l.latin)});
    return;
  }
  std::vector<std::string> cyrillic;
  for (const Lookalike& l : letters) cyrillic.push_back(l.cyrillic);
  problems_.error("R102", key,
                  {fmt::format("в ключе «{}» есть русские буквы ({}): наберите его латинскими",
                               shown, joined(cyrillic, "«", "»", ", ")),
                   fmt::format("the key \"{}\" has Cyrillic letters ({}): type it in Latin ones",
                               shown, joined(cyrillic, "\"", "\"", ", "))});
}

void Map::report_unknown(const YamlEntry& entry, const std::vector<std::string>& known) {
  const YamlNode& key = entry.key;
  const std::string shown = excerpt(key.text);
  const std::string guess = nearest(key.text, known);
  if (!guess.empty()) meant_.emplace(guess, &entry);
  const std::vector<Lookalike> letters = lookalikes(key.text, known);
  if (!letters.empty()) {
    report_lookalikes(key, letters);
  } else if (guess.empty()) {
    problems_.error(
        "R101", key,
        {fmt::format("неизвестный ключ «{}»; здесь бывают: {}", shown, joined(known, "", "", ", ")),
         fmt::format("unknown key \"{}\"; possible here: {}", shown, joined(known, "", "", ", "))});
  } else {
    problems_.error("R101", key,
                    {fmt::format("неизвестный ключ «{}» – может быть, «{}»?", shown, guess),
                     fmt::format("unknown key \"{}\" – did you mean \"{}\"?", shown, guess)});
  }
}

const YamlEntry* Map::entry(std::string_view key) const {
  if (const YamlEntry* found = node_.entry(key)) return found;
  const auto meant = meant_.find(key);
  return meant == meant_.end() ? nullptr : meant->second;
}

const YamlNode* Map::get(std::string_view key) const {
  const YamlEntry* found = entry(key);
  if (found == nullptr) return nullptr;
  if (found->value.is_null()) {
    problems_.error("R105", found->key,
                    {fmt::format("у ключа «{}» нет значения", key),
                     fmt::format("the key \"{}\" has no value", key)});
    return nullptr;
  }
  return &found->value;
}

const YamlNode* Map::need(std::string_view key) const {
  if (!has(key) && (node_.kind == YamlNode::Kind::map || node_.is_null())) {
    problems_.error(
        "R103", node_,
        {fmt::format("не хватает ключа «{}»", key), fmt::format("the key \"{}\" is missing", key)});
  }
  return get(key);
}

const YamlNode* Map::section(std::string_view key) const {
  const YamlEntry* found = entry(key);
  return found == nullptr || found->value.is_null() ? nullptr : &found->value;
}

bool expect_scalar(const YamlNode& node, Problems& problems) {
  if (node.kind == YamlNode::Kind::scalar) return true;
  const bool braces = node.flow && node.kind == YamlNode::Kind::map;
  if (braces) {
    problems.error("R015", node,
                   {"значение, которое начинается с «{», нужно взять в кавычки",
                    "a value that begins with \"{\" must be quoted"});
  } else {
    const bool list = node.kind == YamlNode::Kind::list;
    problems.error("R110", node,
                   {fmt::format("у «{}» одно значение, а не {}", node.key,
                                list ? "список" : "вложенные ключи"),
                    fmt::format("\"{}\" has one value, not {}", node.key,
                                list ? "a list" : "keys of its own")});
  }
  return false;
}

const std::vector<YamlNode>* read_list(const YamlNode& node, EmptyList empty, Problems& problems) {
  if (node.kind != YamlNode::Kind::list) {
    problems.error("R110", node,
                   {fmt::format("у «{}» должен быть список: [a, b] или строки с «- »", node.key),
                    fmt::format("\"{}\" must be a list: [a, b] or lines with \"- \"", node.key)});
    return nullptr;
  }
  if (node.items.empty() && empty == EmptyList::refused) {
    problems.error("R117", node,
                   {fmt::format("пустой список у «{}» ничего не выбирает: заполните его или "
                                "уберите ключ",
                                node.key),
                    fmt::format("the empty list of \"{}\" selects nothing: fill it or drop the "
                                "key",
                                node.key)});
    return nullptr;
  }
  return &node.items;
}

std::vector<std::int64_t> read_ids(const YamlNode* node, Problems& problems) {
  std::vector<std::int64_t> ids;
  if (node == nullptr) return ids;
  const auto* items = read_list(*node, EmptyList::allowed, problems);
  if (items == nullptr) return ids;
  for (const YamlNode& item : *items) {
    if (const auto id = read_id(item, problems)) ids.push_back(*id);
  }
  return ids;
}

std::string listed_ru(const std::vector<std::string>& words) {
  return joined(words, "«", "»", " или ");
}

std::string listed_en(const std::vector<std::string>& words) {
  return joined(words, "\"", "\"", " or ");
}

std::optional<std::string> read_file(const std::filesystem::path& file, Problems& problems) {
  std::error_code code;
  const auto status = std::filesystem::status(file, code);
  if (!std::filesystem::exists(status)) {
    problems.error("R001", file, {"такого файла нет", "there is no such file"});
    return std::nullopt;
  }
  if (!std::filesystem::is_regular_file(status)) {
    problems.error("R001", file, {"это не файл", "this is not a file"});
    return std::nullopt;
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text(kLongestYaml + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    problems.error("R001", file,
                   {"файл не открывается: проверьте права на чтение",
                    "the file cannot be opened: check the rights to read it"});
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kLongestYaml) {
    problems.error("R002", file, {"файл больше 1 МиБ", "the file is larger than 1 MiB"});
    return std::nullopt;
  }
  return text;
}

}  // namespace b24
