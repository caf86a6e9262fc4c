#include "connectors/bitrix24/envelope.h"

#include <simdjson.h>

#include <charconv>
#include <functional>

#include "connectors/ascii.h"
#include "connectors/utf8.h"

namespace b24 {
namespace {

namespace od = simdjson::ondemand;

// The parser works on any part of a padded text, since what follows is readable.
simdjson::padded_string_view view_of(std::string_view text) {
  return simdjson::padded_string_view(text.data(), text.size(),
                                      text.size() + simdjson::SIMDJSON_PADDING);
}

// A scalar or a whole container as its JSON text.
bool raw(od::value value, std::string_view& text) {
  if (simdjson::to_json_string(value).get(text)) return false;
  text = without_trailing_blanks(text);
  return true;
}

std::optional<std::string> text_of(od::value value) {
  od::json_type type{};
  if (value.type().get(type)) return std::nullopt;
  std::string_view text;
  if (type == od::json_type::string) {
    if (value.get_string().get(text)) return std::nullopt;
    return std::string(text);
  }
  if (type == od::json_type::number)
    return std::string(without_trailing_blanks(value.raw_json_token()));
  return std::nullopt;
}

// 17, 17.0 or "17".
std::optional<double> number_of(od::value value) {
  const auto text = text_of(value);
  double number = 0;
  if (!text || text->empty()) return std::nullopt;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> integer_of(od::value value) {
  const auto number = number_of(value);
  if (!number || *number < -9e15 || *number > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

// Calls `each(key, value)` for every field. An empty PHP map arrives as [], and a missing one as
// null: both have no fields. False when the text is broken.
template <class Each>
bool for_fields(od::value value, Each&& each) {
  od::json_type type{};
  if (value.type().get(type)) return false;
  if (type != od::json_type::object) return true;
  od::object object;
  if (value.get_object().get(object)) return false;
  for (auto item : object) {
    od::field field;
    if (std::move(item).get(field)) return false;
    std::string_view key;
    if (field.unescaped_key().get(key)) return false;
    if (!each(std::string(key), field.value())) return false;
  }
  return true;
}

// The moment of a reset: Unix seconds, or (one page of the docs) an ISO text.
std::optional<double> reset_of(od::value value) {
  const auto text = text_of(value);
  if (text) {
    if (const auto time = parse_time(*text)) return static_cast<double>(to_unix(*time));
  }
  double number = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) {
    return std::nullopt;
  }
  return number;
}

bool read_timing(od::value value, Timing& timing) {
  std::optional<double> reset;
  std::optional<double> finish;
  const bool whole = for_fields(value, [&](const std::string& key, od::value item) {
    if (key == "date_start") {
      const auto text = text_of(item);
      timing.date_start = text ? parse_time(*text) : std::nullopt;
      timing.offset = text ? parse_offset(*text) : std::nullopt;
    } else if (key == "operating") {
      timing.operating = number_of(item);
    } else if (key == "operating_reset_at") {
      reset = reset_of(item);
    } else if (key == "finish") {
      finish = number_of(item);
    }
    return true;
  });
  // By the portal's own clock, so that ours need not agree with it.
  if (!finish && timing.date_start) finish = static_cast<double>(to_unix(*timing.date_start));
  if (reset && finish && *reset - *finish > -1e6 && *reset - *finish < 1e6) {
    timing.reset_in = seconds{static_cast<std::int64_t>(*reset - *finish) + 1};
  }
  return whole;
}

// "CODE", 0, "" or REST 3.0's {"code", "message"}.
bool read_error(od::value value, PortalError& error) {
  if (auto text = text_of(value)) {
    error.code = std::move(*text);
    return true;
  }
  return for_fields(value, [&](const std::string& key, od::value item) {
    if (key == "code") error.code = text_of(item).value_or("");
    if (key == "message") error.description = text_of(item).value_or("");
    return true;
  });
}

bool is_null(od::value value) {
  od::json_type type{};
  return !value.type().get(type) && type == od::json_type::null;
}

// One failed command: {"error", "error_description"}, or the code alone.
bool read_command_error(od::value value, PortalError& error) {
  if (auto text = text_of(value)) {
    error.code = std::move(*text);
    return true;
  }
  return for_fields(value, [&](const std::string& key, od::value item) {
    if (key == "error") return read_error(item, error);
    if (key == "error_description") error.description = text_of(item).value_or("");
    return true;
  });
}

bool read_part(const std::string& name, od::value value, CommandParts& parts) {
  if (name == "result") {
    return for_fields(value, [&](const std::string& key, od::value item) {
      return raw(item, parts[key].result);
    });
  }
  if (name == "result_error") {
    return for_fields(value, [&](const std::string& key, od::value item) {
      return read_command_error(item, parts[key].error.emplace());
    });
  }
  if (name == "result_total") {
    return for_fields(value, [&](const std::string& key, od::value item) {
      parts[key].total = integer_of(item);
      return true;
    });
  }
  if (name == "result_time") {
    return for_fields(value, [&](const std::string& key, od::value item) {
      return read_timing(item, parts[key].timing);
    });
  }
  return true;
}

bool read_result(od::value value, Answers answers, Envelope& envelope) {
  od::json_type type{};
  if (value.type().get(type)) return false;
  if (answers == Answers::one_call || type != od::json_type::object) {
    return raw(value, envelope.result);
  }
  CommandParts& parts = envelope.parts.emplace();
  return for_fields(
      value, [&](const std::string& key, od::value item) { return read_part(key, item, parts); });
}

bool read_field(const std::string& key, od::value value, Answers answers, Envelope& envelope) {
  if (key == "result") return read_result(value, answers, envelope);
  if (key == "time") return read_timing(value, envelope.timing);
  if (key == "total") {
    envelope.total = integer_of(value);
  } else if (key == "next") {
    envelope.next = integer_of(value);
  } else if (key == "error" && !is_null(value)) {
    if (!envelope.error) envelope.error.emplace();
    return read_error(value, *envelope.error);
  } else if (key == "error_description") {
    if (auto text = text_of(value)) {
      if (!envelope.error) envelope.error.emplace();
      envelope.error->description = std::move(*text);
    }
  }
  return true;
}

}  // namespace

bool mend_utf8(std::string& body) {
  if (simdjson::validate_utf8(body.data(), body.size())) return false;
  body = repair_utf8(body);
  return true;
}

std::string padded(std::string body) {
  body.append(simdjson::SIMDJSON_PADDING, ' ');
  return body;
}

std::optional<Envelope> parse_envelope(std::string_view body, Answers answers) {
  od::parser parser;
  od::document document;
  od::value root;
  const std::string_view text = without_trailing_blanks(body);
  if (text.empty() || text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return std::nullopt;
  if (parser.iterate(view_of(text)).get(document)) return std::nullopt;
  od::json_type type{};
  if (document.type().get(type) || type != od::json_type::object) return std::nullopt;
  if (document.get_value().get(root)) return std::nullopt;
  Envelope envelope;
  const bool whole = for_fields(root, [&](const std::string& key, od::value value) {
    return read_field(key, value, answers, envelope);
  });
  if (!whole) return std::nullopt;
  return envelope;
}

}  // namespace b24
