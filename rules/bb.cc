#include <fmt/format.h>

#include <array>
#include <cctype>
#include <optional>

#include "rules/base/characters.h"
#include "rules/text.h"

// The part of text.h that knows BB code.

namespace b24 {
namespace {

constexpr std::array<std::string_view, 14> kTags = {"b",     "i",         "u",    "s",    "size",
                                                    "color", "url",       "user", "chat", "br",
                                                    "code",  "timestamp", "put",  "send"};

struct Tag {
  std::string_view name;
  std::string_view argument;  // after "="
  bool closing = false;
  std::size_t length = 0;  // in the text, with its brackets
};

// The tag that begins at the first character, if it is one of the portal's.
std::optional<Tag> tag_at(std::string_view text) {
  if (text.size() < 3 || text.front() != '[') return std::nullopt;
  const auto end = text.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  Tag tag;
  tag.length = end + 1;
  std::string_view inside = text.substr(1, end - 1);
  if (inside.starts_with('/')) {
    tag.closing = true;
    inside.remove_prefix(1);
  }
  const auto stop = inside.find_first_of("= ");
  tag.name = inside.substr(0, stop);
  if (stop != std::string_view::npos && inside[stop] == '=') tag.argument = inside.substr(stop + 1);
  for (const auto known : kTags) {
    if (known == tag.name) return tag;
  }
  return std::nullopt;
}

bool stands_alone(const Tag& tag) { return tag.name == "br" || tag.name == "timestamp"; }

// Walks the text: `on_tag(tag, position)` for each tag, `on_character(position)` for each visible
// character; the latter stops the walk by returning false.
template <class OnTag, class OnCharacter>
void walk(std::string_view bb, OnTag on_tag, OnCharacter on_character) {
  for (std::size_t at = 0; at < bb.size();) {
    if (const auto tag = tag_at(bb.substr(at))) {
      on_tag(*tag, at);
      at += tag->length;
      continue;
    }
    if (begins_character(bb[at]) && !on_character(at)) return;
    ++at;
  }
}

void note_open(std::vector<std::string_view>& open, const Tag& tag) {
  if (stands_alone(tag)) return;
  if (!tag.closing) {
    open.push_back(tag.name);
  } else if (!open.empty() && open.back() == tag.name) {
    open.pop_back();
  }
}

}  // namespace

std::string escape_bb(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[') {
      result += '(';
    } else if (c == ']') {
      result += ')';
    } else if (c == '>' && i + 1 < text.size() && text[i + 1] == '>') {
      result += "»";
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      if (!result.ends_with(' ')) result += ' ';
    } else {
      result += c;
    }
  }
  return result;
}

std::string link(std::string_view url, std::string_view escaped_text) {
  if (url.empty()) return std::string{escaped_text};
  return fmt::format("[url={}]{}[/url]", url, escaped_text);
}

std::string user_link(std::int64_t id, std::string_view name) {
  return fmt::format("[user={}]{}[/user]", id, escape_bb(name));
}

std::string object_url(std::string_view portal_url, Entity entity, std::int64_t id,
                       std::int64_t user_id) {
  switch (entity) {
    case Entity::deal:
      return fmt::format("{}/crm/deal/details/{}/", portal_url, id);
    case Entity::task:
      return fmt::format("{}/company/personal/user/{}/tasks/task/view/{}/", portal_url, user_id,
                         id);
    case Entity::user:
      return fmt::format("{}/company/personal/user/{}/", portal_url, id);
    case Entity::lead:
      return fmt::format("{}/crm/lead/details/{}/", portal_url, id);
    case Entity::contact:
      return fmt::format("{}/crm/contact/details/{}/", portal_url, id);
    case Entity::company:
      return fmt::format("{}/crm/company/details/{}/", portal_url, id);
    case Entity::quote:
      return fmt::format("{}/crm/type/7/details/{}/", portal_url, id);
    case Entity::invoice:
      return fmt::format("{}/crm/type/31/details/{}/", portal_url, id);
    case Entity::department:
    case Entity::pipeline:
    case Entity::stage:
    case Entity::call:
    case Entity::activity:
    case Entity::deal_move:
    case Entity::lead_move:
    case Entity::invoice_move:
    case Entity::currency:
    case Entity::payment:
    case Entity::order_link:
      break;
  }
  return {};
}

std::string plain_text(std::string_view bb) {
  std::string result;
  std::string url;
  std::size_t url_from = 0;  // where the link's text begins in `result`
  std::size_t copied = 0;    // of `bb`
  walk(
      bb,
      [&](const Tag& tag, std::size_t at) {
        result += bb.substr(copied, at - copied);
        copied = at + tag.length;
        if (tag.name == "br") {
          result += '\n';
        } else if (tag.name == "url" && !tag.closing) {
          url = tag.argument;
          url_from = result.size();
        } else if (tag.name == "url" && !url.empty()) {
          if (std::string_view{result}.substr(url_from) != url) result += " (" + url + ")";
          url.clear();
        }
      },
      [](std::size_t) { return true; });
  return result.append(bb.substr(copied));
}

std::size_t visible_length(std::string_view bb) {
  std::size_t count = 0;
  walk(
      bb, [](const Tag&, std::size_t) {},
      [&](std::size_t) {
        ++count;
        return true;
      });
  return count;
}

std::string shorten(std::string_view bb, std::size_t limit) {
  if (visible_length(bb) <= limit) return std::string{bb};
  struct Cut {
    std::size_t at = 0;
    std::vector<std::string_view> open;
  };
  Cut hard;
  std::optional<Cut> line_end;
  std::vector<std::string_view> open;
  std::size_t seen = 0;
  walk(
      bb, [&](const Tag& tag, std::size_t) { note_open(open, tag); },
      [&](std::size_t at) {
        if (bb[at] == '\n' && at > 0) line_end = Cut{at, open};
        if (seen == limit) {
          hard = {at, open};
          return false;
        }
        ++seen;
        return true;
      });
  const Cut& cut = line_end ? *line_end : hard;
  std::string result{bb.substr(0, cut.at)};
  result += line_end ? "\n…" : "…";
  for (auto tag = cut.open.rbegin(); tag != cut.open.rend(); ++tag) {
    result += fmt::format("[/{}]", *tag);
  }
  return result;
}

}  // namespace b24
