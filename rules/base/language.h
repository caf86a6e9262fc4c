#pragma once

#include <string>
#include <string_view>

// The language of everything people read. Russian unless the settings say otherwise; log lines
// are English always.

namespace b24 {

enum class Language { ru, en };

// Set once at start, before other threads exist; read from any thread.
void set_language(Language language);
Language language();

// A text in both languages. `pick()` gives the one in force.
struct Text {
  std::string ru;
  std::string en;
  const std::string& pick() const { return language() == Language::en && !en.empty() ? en : ru; }
};

// For texts written in code: tr("нет связи", "no connection").
inline std::string_view tr(std::string_view ru, std::string_view en) {
  return language() == Language::en ? en : ru;
}

}  // namespace b24
