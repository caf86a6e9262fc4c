#include "tests/portal/http_message.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace b24::sim {
namespace {

constexpr std::size_t kLineLimit = 8 * 1024;
constexpr std::size_t kVersionSize = std::string_view{"HTTP/1.1"}.size();
constexpr std::size_t kHeaderLimit = 100;

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::optional<std::size_t> whole_number(std::string_view text, int base) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number, base);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::string_view HttpMessage::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

bool HttpMessage::keep_alive() const {
  const std::string wish = lower(header("connection"));
  if (first_line.find("HTTP/1.0") != std::string::npos) return wish == "keep-alive";
  return wish.find("close") == std::string::npos;
}

std::optional<HttpMessage> HttpReader::next() {
  HttpMessage message;
  auto line = take_line();
  if (!line || line->find("HTTP/1.") == std::string::npos) return std::nullopt;
  message.first_line = std::move(*line);
  for (;;) {
    line = take_line();
    if (!line || message.headers.size() > kHeaderLimit) return std::nullopt;
    if (line->empty()) break;
    const std::size_t colon = line->find(':');
    if (colon == std::string::npos) return std::nullopt;
    message.headers[lower(line->substr(0, colon))] =
        trim(std::string_view{*line}.substr(colon + 1));
  }
  if (!read_body(message)) return std::nullopt;
  return message;
}

bool HttpReader::fill() {
  char part[16 * 1024];
  const std::size_t got = stream_.read(part, sizeof part);
  ahead_.append(part, got);
  return got > 0;
}

std::optional<std::string> HttpReader::take_line() {
  std::size_t end = 0;
  while ((end = ahead_.find("\r\n")) == std::string::npos) {
    if (ahead_.size() > kLineLimit || !fill()) return std::nullopt;
  }
  std::string line = ahead_.substr(0, end);
  ahead_.erase(0, end + 2);
  return line;
}

bool HttpReader::take(std::size_t size, std::string& to) {
  if (size > body_limit_ - std::min(body_limit_, to.size())) return false;
  while (ahead_.size() < size) {
    if (!fill()) return false;
  }
  to.append(ahead_, 0, size);
  ahead_.erase(0, size);
  return true;
}

bool HttpReader::read_body(HttpMessage& message) {
  if (lower(message.header("transfer-encoding")) == "chunked") return read_chunks(message.body);
  if (const std::string_view length = message.header("content-length"); !length.empty()) {
    const auto size = whole_number(length, 10);
    return size && take(*size, message.body);
  }
  const bool no_content = message.first_line.find(" 204") == kVersionSize;
  if (without_length_ == BodyEnd::nothing || no_content) return true;
  return read_to_close(message.body);
}

bool HttpReader::read_chunks(std::string& to) {
  for (;;) {
    const auto line = take_line();
    if (!line) return false;
    const auto size = whole_number(trim(std::string_view{*line}.substr(0, line->find(';'))), 16);
    if (!size || !take(*size, to)) return false;
    if (const auto end = take_line(); !end || !end->empty()) return false;
    if (*size == 0) return true;
  }
}

bool HttpReader::read_to_close(std::string& to) {
  while (fill()) {
    if (ahead_.size() > body_limit_) return false;
  }
  to = std::exchange(ahead_, {});
  return true;
}

}  // namespace b24::sim
