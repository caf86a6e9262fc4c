#include <stdexcept>

#include "daemon/store/store.h"
#include "store_sql.h"

// The documentation of the views is written beside their columns in views.sql; this reads it.

namespace b24 {
namespace {

constexpr std::string_view kMark = "--# ";
constexpr std::string_view kNote = "--: ";
constexpr std::string_view kBar = " | ";

std::string_view take_until(std::string_view& text, std::string_view border) {
  const auto at = text.find(border);
  const auto part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + border.size());
  return part;
}

// "v_deal | Сделки | Deals", "id INTEGER | Номер | Id" or "won_at INTEGER derived | Когда | When".
void add_line(std::string_view line, std::vector<ViewInfo>& views) {
  std::string_view subject = take_until(line, kBar);
  const Text comment{std::string{take_until(line, kBar)}, std::string{line}};
  const std::string name{take_until(subject, " ")};
  if (subject.empty()) {
    views.push_back({name, comment, {}, {}});
  } else if (!views.empty()) {
    const std::string type{take_until(subject, " ")};
    views.back().columns.push_back({name, type, comment, subject == "derived"});
  }
}

std::vector<ViewInfo> read_infos(std::string_view sql) {
  std::vector<ViewInfo> views;
  while (!sql.empty()) {
    std::string_view line = take_until(sql, "\n");
    const auto first = line.find_first_not_of(' ');
    if (first == std::string_view::npos) continue;
    line.remove_prefix(first);
    // The heading comment of the file explains the marks with a mark; it begins with "--   --#".
    if (line.starts_with(kMark)) add_line(line.substr(kMark.size()), views);
    if (line.starts_with(kNote) && !views.empty()) {
      line.remove_prefix(kNote.size());
      const std::string ru{take_until(line, kBar)};
      views.back().notes.push_back({ru, std::string{line}});
    }
  }
  return views;
}

}  // namespace

const std::vector<ViewInfo>& view_infos() {
  static const std::vector<ViewInfo> infos = read_infos(embedded::daemon_store_views_sql);
  return infos;
}

}  // namespace b24
