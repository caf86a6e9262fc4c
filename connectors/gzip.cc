#include "connectors/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

namespace b24 {
namespace {

constexpr std::size_t kPadding = 64;      // what padded() of envelope.h appends
constexpr std::size_t kTrailer = 8;       // checksum and size
constexpr std::size_t kMostRatio = 1032;  // deflate cannot do better

// The size the text ends with, as far as it can be believed: it is modulo 2^32, and anybody's word.
std::size_t promised_size(std::string_view compressed) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(compressed[compressed.size() - 4 + i]);
    size |= std::size_t{byte} << (8 * i);
  }
  return std::min(size, compressed.size() * kMostRatio);
}

}  // namespace

Gunzip gunzip(std::string_view compressed, std::size_t limit, std::string& to) {
  thread_local const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>
      decompressor{libdeflate_alloc_decompressor(), libdeflate_free_decompressor};
  if (!decompressor || compressed.size() < kTrailer) return Gunzip::broken;
  const std::size_t size = promised_size(compressed);
  if (size > limit) return Gunzip::too_large;
  to.clear();
  to.reserve(size + kPadding);
  to.resize(size);
  // All of the input and all of the promised size, or it is not whole.
  std::size_t taken = 0;
  const auto result =
      libdeflate_gzip_decompress_ex(decompressor.get(), compressed.data(), compressed.size(),
                                    to.data(), to.size(), &taken, nullptr);
  const bool whole = result == LIBDEFLATE_SUCCESS && taken == compressed.size();
  return whole ? Gunzip::done : Gunzip::broken;
}

}  // namespace b24
