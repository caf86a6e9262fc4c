#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>

#include "config/syntax.h"
#include "config/utf8.h"

namespace b24 {
namespace {

// Nobody writes longer lines by hand; a guess about one is not worth counting its characters.
constexpr std::size_t kLongestLine = 4096;

// Thrown and caught in this file alone: ends the reading where going on would make no sense.
struct Refused {
  Problem problem;
};

Place place(const yaml_mark_t& mark) {
  return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event); }

  yaml_event_t event{};
};

class Parser {
 public:
  Parser(const std::string& file, std::string_view text, std::vector<Problem>& problems)
      : file_(file), lines_(split_lines(text)), problems_(problems) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&parser_); }

  YamlNode document() {
    YamlNode root;
    for (int documents = 0;;) {
      Event next;
      pull(next);
      switch (next.event.type) {
        case YAML_STREAM_END_EVENT:
          return root;
        case YAML_DOCUMENT_START_EVENT:
          if (++documents > 1) refuse_second_document(next.event);
          break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
          break;
        default:
          root = node(next.event, 1, {});
      }
    }
  }

 private:
  void pull(Event& next) {
    if (yaml_parser_parse(&parser_, &next.event) == 0) fail();
    last_quoted_ = next.event.type == YAML_SCALAR_EVENT &&
                           (next.event.data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                            next.event.data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
                       ? std::optional<Place>(place(next.event.start_mark))
                       : std::nullopt;
    last_end_ = place(next.event.end_mark);
  }

  [[noreturn]] void fail() const {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    SyntaxError e;
    if (parser_.context != nullptr) e.context = parser_.context;
    if (parser_.problem != nullptr) e.problem = parser_.problem;
    e.context_at = place(parser_.context_mark);
    e.at = place(parser_.problem_mark);
    e.quoted_from = last_quoted_;
    e.quoted_to = last_end_;
    throw Refused{explain(e, file_, lines_)};
  }

  Mark mark(const yaml_mark_t& m) const {
    const Place at = place(m);
    return {file_, at.line, at.column};
  }

  [[noreturn]] void refuse(const char* code, const yaml_event_t& e, Text text) const {
    throw Refused{{code, Severity::error, mark(e.start_mark), width(e), std::move(text)}};
  }

  [[noreturn]] void refuse_second_document(const yaml_event_t& e) const {
    refuse("R018", e,
           {"«---» начинает второй документ: в файле может быть только один",
            "\"---\" begins a second document: a file may hold only one"});
  }

  static int width(const yaml_event_t& e) {
    if (e.start_mark.line != e.end_mark.line || e.end_mark.column <= e.start_mark.column) return 1;
    return static_cast<int>(e.end_mark.column - e.start_mark.column);
  }

  YamlNode node(const yaml_event_t& e, std::size_t depth, const std::string& key) {
    if (depth > kDeepestYaml) {
      refuse("R020", e, {"слишком много уровней вложенности", "too many levels of nesting"});
    }
    if (++nodes_ > kMostYamlNodes) {
      refuse("R021", e, {"в файле больше 50 000 значений", "more than 50,000 values in the file"});
    }
    YamlNode result;
    switch (e.type) {
      case YAML_SCALAR_EVENT:
        result = scalar(e);
        break;
      case YAML_SEQUENCE_START_EVENT:
        result = list(e, depth, key);
        break;
      case YAML_MAPPING_START_EVENT:
        result = map(e, depth);
        break;
      default:
        refuse_extra(e, '*');
    }
    result.key = key;
    return result;
  }

  [[noreturn]] void refuse_extra(const yaml_event_t& e, char sign) const {
    refuse("R019", e,
           {fmt::format("знак «{}» в начале значения – служебный в YAML и здесь не применяется: "
                        "если это текст, возьмите его в кавычки",
                        sign),
            fmt::format("\"{}\" at the beginning of a value is special in YAML and not used here: "
                        "if it is text, quote it",
                        sign)});
  }

  void check_properties(const yaml_event_t& e, const unsigned char* anchor,
                        const unsigned char* tag) const {
    if (anchor != nullptr) refuse_extra(e, '&');
    if (tag != nullptr) refuse_extra(e, '!');
  }

  YamlNode scalar(const yaml_event_t& e) const {
    const auto& s = e.data.scalar;
    check_properties(e, s.anchor, s.tag);
    if (s.length > kLongestScalar) {
      refuse("R021", e, {"значение длиннее 64 КиБ", "a value longer than 64 KiB"});
    }
    YamlNode n;
    n.mark = mark(e.start_mark);
    n.width = width(e);
    n.one_line = e.start_mark.line == e.end_mark.line;
    n.text.assign(reinterpret_cast<const char*>(s.value), s.length);
    n.content = n.mark;
    switch (s.style) {
      case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        n.style = YamlNode::Style::single_quoted;
        break;
      case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        n.style = YamlNode::Style::double_quoted;
        break;
      case YAML_LITERAL_SCALAR_STYLE:
        n.style = YamlNode::Style::literal;
        break;
      case YAML_FOLDED_SCALAR_STYLE:
        n.style = YamlNode::Style::folded;
        break;
      default:
        n.style = YamlNode::Style::plain;
    }
    if (n.style == YamlNode::Style::single_quoted || n.style == YamlNode::Style::double_quoted) {
      ++n.content.column;
    } else if (n.style == YamlNode::Style::plain) {
      n.cut = is_cut(place(e.end_mark));
    } else {
      locate_block(n);
    }
    return n;
  }

  // One space before "#" is how a text gets cut by accident; comments are set off by more.
  bool is_cut(Place end) const {
    const std::string_view line = line_at(end.line);
    if (line.size() > kLongestLine) return false;
    const std::size_t at = utf8::head(line, static_cast<std::size_t>(end.column) - 1).size();
    return line.substr(at).starts_with(" #");
  }

  // The text of a block begins on the next line; its indentation is what the source has more than
  // the text.
  void locate_block(YamlNode& n) const {
    n.one_line = false;
    n.width = 1;
    const auto blanks = [](std::string_view line) { return line.find_first_not_of(' '); };
    int line = n.mark.line + 1;
    for (const std::string_view text : split_lines(n.text)) {
      if (blanks(text) != std::string_view::npos) {
        const std::string_view source = line_at(line);
        const std::size_t found = blanks(source);
        if (found != std::string_view::npos && found >= blanks(text)) {
          n.indent = static_cast<int>(found - blanks(text));
        }
        break;
      }
      ++line;
    }
    n.content.line = n.mark.line + 1;
    n.content.column = n.indent + 1;
  }

  std::string_view line_at(int line) const {
    const auto index = static_cast<std::size_t>(line) - 1;
    return index < lines_.size() ? lines_[index] : std::string_view{};
  }

  YamlNode list(const yaml_event_t& e, std::size_t depth, const std::string& key) {
    check_properties(e, e.data.sequence_start.anchor, e.data.sequence_start.tag);
    YamlNode n;
    n.kind = YamlNode::Kind::list;
    n.flow = e.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    n.mark = mark(e.start_mark);
    for (;;) {
      Event next;
      pull(next);
      if (next.event.type == YAML_SEQUENCE_END_EVENT) return n;
      n.items.push_back(node(next.event, depth + 1, key));
    }
  }

  YamlNode map(const yaml_event_t& e, std::size_t depth) {
    check_properties(e, e.data.mapping_start.anchor, e.data.mapping_start.tag);
    YamlNode n;
    n.kind = YamlNode::Kind::map;
    n.flow = e.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    n.mark = mark(e.start_mark);
    std::map<std::string, int> lines;  // of the keys so far
    for (;;) {
      Event next;
      pull(next);
      if (next.event.type == YAML_MAPPING_END_EVENT) return n;
      YamlNode key = node(next.event, depth + 1, {});
      check_key(key, next.event);
      Event after;
      pull(after);
      YamlNode value = node(after.event, depth + 1, key.text);
      const auto [first, fresh] = lines.emplace(key.text, key.mark.line);
      if (fresh) {
        n.entries.push_back({std::move(key), std::move(value)});
      } else {
        add_duplicate(key, first->second);
      }
    }
  }

  void check_key(const YamlNode& key, const yaml_event_t& e) const {
    if (key.kind != YamlNode::Kind::scalar || !key.one_line) {
      refuse("R024", e,
             {"ключ должен быть одним словом; текст с фигурными или квадратными скобками возьмите "
              "в кавычки",
              "a key must be one word; quote a text with braces or brackets"});
    }
    if (key.text == "<<" && key.style == YamlNode::Style::plain) {
      refuse("R019", e,
             {"слияние ключом «<<» не применяется: напишите значения явно",
              "merging by the key \"<<\" is not used: write the values out"});
    }
  }

  void add_duplicate(const YamlNode& key, int line) {
    problems_.push_back(
        {"R022",
         Severity::error,
         key.mark,
         key.width,
         {fmt::format("ключ «{}» уже стоит в строке {}", excerpt(key.text), line),
          fmt::format("the key \"{}\" already stands on line {}", excerpt(key.text), line)}});
  }

  const std::string& file_;
  std::vector<std::string_view> lines_;
  std::vector<Problem>& problems_;
  yaml_parser_t parser_{};
  std::size_t nodes_ = 0;
  std::optional<Place> last_quoted_;
  Place last_end_;
};

}  // namespace

const YamlEntry* YamlNode::entry(std::string_view wanted) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const YamlEntry& e) { return e.key.text == wanted; });
  return found == entries.end() ? nullptr : &*found;
}

const YamlNode* YamlNode::find(std::string_view wanted) const {
  const YamlEntry* found = entry(wanted);
  return found == nullptr ? nullptr : &found->value;
}

bool YamlNode::is_null() const {
  return kind == Kind::scalar && style == Style::plain &&
         (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

YamlDocument parse_yaml(const std::string& file, std::string_view text) {
  YamlDocument document;
  document.root.mark = {file, 1, 1};
  if (text.size() > kLongestYaml) {
    document.problems.push_back({"R002",
                                 Severity::error,
                                 {file, 0, 0},
                                 1,
                                 {"файл больше 1 МиБ", "the file is larger than 1 MiB"}});
    return document;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto problem = check_characters(file, text)) {
    document.problems.push_back(std::move(*problem));
    return document;
  }
  try {
    document.root = Parser(file, text, document.problems).document();
    if (document.root.mark.line == 0) document.root.mark = {file, 1, 1};
  } catch (Refused& refused) {
    document.problems.push_back(std::move(refused.problem));
  }
  return document;
}

}  // namespace b24
