#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace b24 {

// A text that must not be seen: a webhook's address, a token. Printing, formatting or copying it
// into an error gives "***"; only reveal() gives the text, at the one place that needs it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  // Compares in a time that does not depend on where the texts differ.
  bool equals(std::string_view other) const;

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

// For fmt and streams.
inline std::string_view format_as(const Secret&) { return "***"; }

}  // namespace b24
