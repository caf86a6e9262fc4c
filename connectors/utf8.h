#pragma once

#include <string>
#include <string_view>

// Care for texts that a portal cut or mixed up.

namespace b24 {

// The text with every byte that is no part of valid UTF-8 replaced by U+FFFD.
std::string repair_utf8(std::string_view text);

// At most `bytes` bytes, cut between characters, with "…" where something was cut. Control
// characters become spaces, so that the text stays one line.
std::string clip_utf8(std::string_view text, std::size_t bytes);

}  // namespace b24
