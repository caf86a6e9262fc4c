#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <optional>
#include <utility>

#include "connectors/ascii.h"
#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/value.h"
#include "connectors/utf8.h"
#include "rules/base/language.h"

// One pass over the text of a page: each row's fields go straight to their columns.

namespace b24 {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kRawLimit = 8 * 1024;     // bytes kept of a row that cannot be read
constexpr std::size_t kExtraLimit = 64 * 1024;  // bytes of one row's further fields

void append_utf8(std::string& to, std::uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xC0U | (code >> 6U));
    to += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    to += static_cast<char>(0xE0U | (code >> 12U));
    to += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    to += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// The text of a JSON string in which the parser found an impossible escape, such as half of a
// surrogate pair (a text cut in the middle of an emoji): U+FFFD stands for it.
std::string unescaped_leniently(std::string_view token) {
  std::string text;
  for (std::size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\') {
      text += token[i];
      continue;
    }
    const char kind = token[++i];
    constexpr std::string_view kFrom = "bfnrt";
    constexpr std::string_view kTo = "\b\f\n\r\t";
    if (const auto at = kFrom.find(kind); at != std::string_view::npos) {
      text += kTo[at];
    } else if (kind != 'u') {
      text += kind;
    } else {
      std::uint32_t code = 0;
      const std::string hex{token.substr(i + 1, 4)};
      const bool valid =
          hex.size() == 4 && hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
      if (valid) code = static_cast<std::uint32_t>(std::stoul(hex, nullptr, 16));
      append_utf8(text, !valid || (code >= 0xD800 && code < 0xE000) ? 0xFFFD : code);
      if (valid) i += 4;
    }
  }
  return text;
}

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return json + '"';
}

// The parser skips over what it is not asked for, so further fields may hold rubbish, such as half
// of a surrogate pair deep inside. `extra` is queried with SQL and must be JSON: what is not, is
// kept as one text.
std::string sound(std::string extra) {
  thread_local simdjson::dom::parser parser;
  if (extra.empty() || !parser.parse(extra).error()) return extra;
  return fmt::format("{{\"unreadable\":{}}}", json_text(extra));
}

// A value of the answer: as a cell, and as the JSON text it was.
struct Read {
  Cell cell;
  std::string_view json;
  std::string mended;  // holds the cell's text when it had to be mended
};

// False when the text is broken there.
bool read(od::value& value, Read& out) {
  od::json_type type{};
  if (value.type().get(type)) return false;
  if (type == od::json_type::object || type == od::json_type::array) {
    if (simdjson::to_json_string(value).get(out.json)) return false;
    out.json = without_trailing_blanks(out.json);
    out.cell = {Cell::Kind::container, out.json};
    return true;
  }
  out.json = without_trailing_blanks(value.raw_json_token());
  out.cell.text = out.json;
  switch (type) {
    case od::json_type::string:
      out.cell.kind = Cell::Kind::text;
      // Without an escape the text is what stands between the quotes.
      if (out.json.ends_with('"') && out.json.find('\\') == std::string_view::npos) {
        out.cell.text = out.json.substr(1, out.json.size() - 2);
      } else if (value.get_string().get(out.cell.text)) {
        out.mended = unescaped_leniently(out.json);
        out.cell.text = out.mended;
      }
      return true;
    case od::json_type::number:
      out.cell.kind = Cell::Kind::number;
      return true;
    case od::json_type::boolean: {
      bool truth = false;
      out.cell.kind = Cell::Kind::boolean;
      return !value.get_bool().get(truth);
    }
    default:
      out.cell.kind = Cell::Kind::null;
      return value.is_null();
  }
}

bool is_dropped(const EntitySpec& spec, std::string_view key) {
  for (const std::string_view name : spec.dropped) {
    if (name.ends_with('*') ? key.starts_with(name.substr(0, name.size() - 1)) : key == name) {
      return true;
    }
  }
  return false;
}

void append_extra(std::string& extra, std::string_view key, std::string_view json) {
  if (extra.size() + key.size() + json.size() > kExtraLimit) return;
  extra += extra.empty() ? '{' : ',';
  extra += json_text(key);
  extra += ':';
  extra += json;
}

// Reads the rows of one page into `page`.
class PageReader {
 public:
  PageReader(const EntitySpec& spec, Page& page) : spec_(spec), page_(page) {}

  // False when the text is broken and the page cannot be trusted.
  bool row(od::value value) {
    ++page_.rows;
    od::json_type type{};
    if (value.type().get(type)) return false;
    if (type != od::json_type::object) {
      Read what;
      if (!read(value, what)) return false;
      reject(what.json, std::string(tr("строка не объект", "the row is no object")));
      return true;
    }
    od::object object;
    if (value.get_object().get(object)) return false;
    std::string reason;
    if (!fields(object, reason)) return false;
    if (reason.empty()) return true;
    std::string_view json;
    if (object.reset().error() || object.raw_json().get(json)) return false;
    reject(without_trailing_blanks(json), std::move(reason));
    return true;
  }

 private:
  // What is done with a field: its value goes to a column, or to one of the further uses.
  static constexpr std::size_t kId = static_cast<std::size_t>(-1);
  static constexpr std::size_t kExtra = static_cast<std::size_t>(-2);
  static constexpr std::size_t kDropped = static_cast<std::size_t>(-3);

  bool fields(od::object& object, std::string& reason) {
    Record record;
    record.values.resize(spec_.fields.size());
    std::optional<std::int64_t> id;
    std::size_t place = 0;
    for (auto item : object) {
      if (item.error()) return false;
      // Not copied: it has just been written in parts, and waiting for them to be read back whole
      // would take a third of the time of a row.
      od::field&& field = std::move(item).value_unsafe();
      const Step* step = step_at(place++, field);
      if (step == nullptr) return false;
      if (step->use == kDropped) continue;
      Read what;
      if (!read(field.value(), what)) return false;
      if (step->use == kId) {
        id = to_id(what.cell);
      } else if (step->use == kExtra ||
                 !to_value(spec_.fields[step->use].type, what.cell, record.values[step->use])) {
        // An unknown field without a value says nothing.
        if (what.cell.kind == Cell::Kind::null) continue;
        append_extra(record.extra, step->key, what.json);
      }
    }
    if (!record.extra.empty()) record.extra = sound(std::move(record.extra) + '}');
    if (spec_.id_style == IdStyle::code) id = id_by_code(record);
    reason = judge(id, record);
    if (reason.empty()) accept(*id, std::move(record));
    return true;
  }

  struct Step {
    std::string key;
    std::size_t use = kExtra;
  };

  // Rows of a page have the same fields in the same order, so what a field is for is looked up
  // where the row before had it. Null when the text is broken.
  const Step* step_at(std::size_t place, od::field& field) {
    if (place >= steps_.size()) steps_.resize(place + 1);
    Step& step = steps_[place];
    // A known key has neither quotes nor escapes: it is equal to its text up to the closing quote.
    // Past the end of the text there are readable bytes, and keys that long are not kept.
    const char* text = field.key().raw();
    const bool known = !step.key.empty() && text[step.key.size()] == '"' &&
                       std::memcmp(text, step.key.data(), step.key.size()) == 0;
    if (known) return &step;
    std::string_view key;
    if (field.unescaped_key().get(key)) return nullptr;
    step = {std::string(key), use_of(key)};
    if (key.size() < simdjson::SIMDJSON_PADDING && key.find_first_of("\"\\") == key.npos) {
      return &step;
    }
    unusual_ = std::exchange(step, {});
    return &unusual_;
  }

  std::size_t use_of(std::string_view key) const {
    if (key == spec_.id_answer && spec_.id_style == IdStyle::number) return kId;
    for (std::size_t i = 0; i < spec_.fields.size(); ++i) {
      if (spec_.fields[i].portal == key) return i;
    }
    return is_dropped(spec_, key) ? kDropped : kExtra;
  }

  std::optional<std::int64_t> id_by_code(const Record& record) const {
    for (std::size_t i = 0; i < spec_.fields.size(); ++i) {
      if (spec_.fields[i].portal != spec_.id_answer) continue;
      const auto* code = std::get_if<std::string>(&record.values[i]);
      return code == nullptr ? std::nullopt : id_of_code(*code);
    }
    return std::nullopt;
  }

  std::string judge(const std::optional<std::int64_t>& id, const Record& record) const {
    if (!id) {
      return fmt::format(fmt::runtime(tr("нет понятного {}", "no readable {}")), spec_.id_answer);
    }
    for (std::size_t i = 0; i < spec_.fields.size(); ++i) {
      if (spec_.fields[i].required && std::holds_alternative<std::monostate>(record.values[i])) {
        return fmt::format(fmt::runtime(tr("нет обязательного поля {}", "no required field {}")),
                           spec_.fields[i].portal);
      }
    }
    return {};
  }

  void accept(std::int64_t id, Record record) {
    if (!page_.records.empty() && id < page_.last_id) page_.ascending = false;
    page_.last_id = id;
    record.id = id;
    page_.records.push_back(std::move(record));
  }

  void reject(std::string_view json, std::string reason) {
    page_.rejected.push_back({spec_.entity, clip_utf8(json, kRawLimit), std::move(reason)});
  }

  const EntitySpec& spec_;
  Page& page_;
  std::vector<Step> steps_;  // by place in the row
  Step unusual_;             // a key that is not remembered
};

// Rows in an array, or in an object, which PHP makes of an array with gaps.
bool read_rows(od::value value, PageReader& reader) {
  od::json_type type{};
  if (value.type().get(type)) return false;
  if (type == od::json_type::array) {
    od::array rows;
    if (value.get_array().get(rows)) return false;
    for (auto item : rows) {
      od::value row;
      if (std::move(item).get(row) || !reader.row(row)) return false;
    }
    return true;
  }
  od::object rows;
  if (type != od::json_type::object || value.get_object().get(rows)) return false;
  for (auto item : rows) {
    od::field field;
    if (std::move(item).get(field) || !reader.row(field.value())) return false;
  }
  return true;
}

bool read_wrapped(od::value value, std::string_view path, PageReader& reader) {
  od::json_type type{};
  if (value.type().get(type)) return false;
  if (type == od::json_type::array) {  // an empty map of PHP
    od::array none;
    bool empty = false;
    return !value.get_array().get(none) && !none.is_empty().get(empty) && empty;
  }
  od::object object;
  if (type != od::json_type::object || value.get_object().get(object)) return false;
  od::value rows;
  return !object.find_field(path).get(rows) && read_rows(rows, reader);
}

bool read_page(const EntitySpec& spec, std::string_view text, Page& page) {
  thread_local od::parser parser;  // keeps its buffers from page to page
  od::document document;
  od::value root;
  PageReader reader(spec, page);
  const simdjson::padded_string_view view(text.data(), text.size(),
                                          text.size() + simdjson::SIMDJSON_PADDING);
  if (text.empty() || parser.iterate(view).get(document)) return false;
  od::json_type type{};
  if (document.type().get(type)) return false;
  if (type != od::json_type::array && type != od::json_type::object) return false;
  if (document.get_value().get(root)) return false;
  return spec.list_path.empty() ? read_rows(root, reader)
                                : read_wrapped(root, spec.list_path, reader);
}

}  // namespace

Result<Page> parse_page(const EntitySpec& spec, std::string_view result) {
  Page page;
  page.records.reserve(kPageRows);
  bool whole = false;
  if (simdjson::validate_utf8(result.data(), result.size())) {
    whole = read_page(spec, result, page);
  } else {
    std::string mended = repair_utf8(result);
    const std::size_t size = mended.size();
    mended.append(simdjson::SIMDJSON_PADDING, ' ');
    whole = read_page(spec, std::string_view(mended).substr(0, size), page);
  }
  if (whole) return page;
  return error(
      ErrorKind::unavailable,
      fmt::format(fmt::runtime(tr("Портал прислал непонятный ответ на {} – повторим позже.",
                                  "The portal's answer to {} cannot be understood; we "
                                  "shall try again later.")),
                  spec.method));
}

}  // namespace b24
