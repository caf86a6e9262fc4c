#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Compressed answers, undone at once: a good part of the time that reading a portal takes.

namespace b24 {

enum class Gunzip { done, broken, too_large };

// Undoes RFC 1952, of one member, as web servers write it; `to` gets at most `limit` bytes, with
// room for a reader's padding behind them. `broken`: cut, of a wrong checksum, or no such text at
// all. Pure.
[[nodiscard]] Gunzip gunzip(std::string_view compressed, std::size_t limit, std::string& to);

}  // namespace b24
